// Leaves out of the bundle what the page never looks at.
import {readFileSync} from 'node:fs';

// The page checks structure; descriptions are for people, and a short notation travels (schema_check.ts reads it):
//   "s", "i", "n", "b", "0": string, integer, number, boolean, null; several letters: any of these
//   "@Name": a definition; "@Name?": or null          [X]: an array of X
//   {e: [...]}: one of these values                   {p: "..."}: text of this pattern
//   {o: {...}}: an object with each of these keys and no other (schema_types.mjs insists on that)
const kLetters = {string: 's', integer: 'i', number: 'n', boolean: 'b', null: '0'};

function compact_object({title, description, required, additionalProperties, properties}) {
  const names = Object.keys(properties);
  if (additionalProperties !== false || required?.length !== names.length || names.some((name) => !required.includes(name))) {
    throw new Error(`report.schema.json: ${title ?? description}: an object must require each of its keys and allow no other`);
  }
  return {o: Object.fromEntries(names.map((name) => [name, compact(properties[name])]))};
}

function compact(schema) {
  if (schema.$ref) return schema.$ref.replace('#/$defs/', '@');
  if (schema.anyOf) {
    const [thing, nothing] = schema.anyOf;
    if (schema.anyOf.length !== 2 || !thing.$ref || nothing.type !== 'null') {
      throw new Error(`report.schema.json: no short form of ${JSON.stringify(schema)}`);
    }
    return `${compact(thing)}?`;
  }
  if (schema.enum) return {e: schema.enum};
  if (schema.const !== undefined) return {e: [schema.const]};
  if (schema.pattern) return {p: schema.pattern};
  if (schema.type === 'array') return [compact(schema.items)];
  if (schema.properties) return compact_object(schema);
  const letters = [schema.type].flat().map((name) => kLetters[name]);
  if (letters.includes(undefined)) throw new Error(`report.schema.json: no short form of ${JSON.stringify(schema)}`);
  return letters.join('');
}

function compact_root(schema) {
  const names = Object.entries(schema.$defs).map(([name, each]) => [name, compact(each)]);
  return {names: Object.fromEntries(names), root: compact(schema)};
}

export const compact_schema = {
  name: 'compact schema',
  setup(build) {
    build.onLoad({filter: /\.schema\.json$/}, ({path}) =>
        ({contents: JSON.stringify(compact_root(JSON.parse(readFileSync(path, 'utf8')))), loader: 'json'}));
  },
};
