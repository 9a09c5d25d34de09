// Plugins of the bundler that leave out what the page never looks at.
import {readFileSync} from 'node:fs';

// The page checks structure; descriptions are for people. Every object of the report has all of its keys and no
// other (schema_types.mjs insists on the first), so the lists of them need not travel.
function compact(schema) {
  if (Array.isArray(schema)) return schema.map(compact);
  if (schema === null || typeof schema !== 'object') return schema;
  const {$schema, title, description, required, additionalProperties, properties, ...rest} = schema;
  const parts = Object.fromEntries(Object.entries(rest).map(([key, value]) => [key, compact(value)]));
  if (!properties) return parts;
  const names = Object.keys(properties);
  if (additionalProperties !== false || required?.length !== names.length || names.some((name) => !required.includes(name))) {
    throw new Error(`report.schema.json: ${title ?? description}: an object must require each of its keys and allow no other`);
  }
  return {...parts, properties: Object.fromEntries(names.map((name) => [name, compact(properties[name])]))};
}

export const compact_schema = {
  name: 'compact schema',
  setup(build) {
    build.onLoad({filter: /report\.schema\.json$/}, ({path}) =>
        ({contents: JSON.stringify(compact(JSON.parse(readFileSync(path, 'utf8')))), loader: 'json'}));
  },
};

// uPlot hands out every way of drawing a line; the page draws straight ones. What nobody refers to is not bundled.
const kUnusedPaths = ['(paths.stepped = stepped);', '(paths.bars    = bars);', '(paths.spline  = monotoneCubic);'];

export const straight_lines_only = {
  name: 'straight lines only',
  setup(build) {
    build.onLoad({filter: /uPlot\.esm\.js$/}, ({path}) => {
      let contents = readFileSync(path, 'utf8');
      for (const text of kUnusedPaths) {
        if (!contents.includes(text)) throw new Error(`${path}: has no '${text}': look at kUnusedPaths again`);
        contents = contents.replace(text, '');
      }
      return {contents, loader: 'js'};
    });
  },
};
