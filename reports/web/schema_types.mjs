// Writes report_types.ts from report.schema.json, so that the page's types cannot drift from the contract.
// Usage: node reports/web/schema_types.mjs [SCHEMA.json TYPES.ts]          (build.mjs refuses a stale file)
// Knows the part of JSON Schema that the report uses and stops at anything else.
import {readFileSync, writeFileSync} from 'node:fs';
import {fileURLToPath, pathToFileURL} from 'node:url';

const kSchemaFile = new URL('../report.schema.json', import.meta.url);
const kTypesFile = new URL('./report_types.ts', import.meta.url);
const kScalars = {string: 'string', integer: 'number', number: 'number', boolean: 'boolean', null: 'null'};

function type_text(schema) {
  if (schema.$ref) return schema.$ref.replace('#/$defs/', '');
  if (schema.anyOf) return schema.anyOf.map(type_text).join(' | ');
  if (schema.enum) return schema.enum.map((value) => value === null ? 'null' : `'${value}'`).join(' | ');
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.type === 'array') return `readonly ${type_text(schema.items)}[]`;
  const names = [].concat(schema.type).map((name) => kScalars[name]);
  if (names.includes(undefined)) throw new Error(`no TypeScript for the schema ${JSON.stringify(schema)}`);
  return names.join(' | ');
}

function declaration(name, schema) {
  const comment = schema.description ? `// ${schema.description}\n` : '';
  if (schema.type !== 'object') return `${comment}export type ${name} = ${type_text(schema)};\n`;
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties).map(([key, value]) => {
    if (!required.has(key)) throw new Error(`${name}.${key} is optional; the report writes null instead`);
    const note = value.description ? `  // ${value.description}` : '';
    return `  readonly ${key}: ${type_text(value)};${note}\n`;
  });
  return `${comment}export interface ${name} {\n${fields.join('')}}\n`;
}

export function types_text(schema_file = kSchemaFile) {
  const schema = JSON.parse(readFileSync(schema_file, 'utf8'));
  const parts = Object.entries(schema.$defs).map(([name, value]) => declaration(name, value));
  parts.push(declaration(schema.title, schema));
  const name = schema_file.pathname.split('/').pop();
  return `// Generated from ../${name} by schema_types.mjs; change that file and run it again.\n\n` + parts.join('\n');
}

export function types_are_current(schema_file = kSchemaFile, types_file = kTypesFile) {
  return readFileSync(types_file, 'utf8') === types_text(schema_file);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [schema_file, types_file] = process.argv.slice(2).map((path) => pathToFileURL(path));
  writeFileSync(types_file ?? kTypesFile, types_text(schema_file));
}
