// Checks data against report.schema.json before anything is drawn, so that a file written by another version
// says so in words. Reads the short notation that smaller.mjs makes of the schema.

export type ShortSchema = string | readonly [ShortSchema] | {
  readonly e?: readonly unknown[];
  readonly p?: string;
  readonly o?: Readonly<Record<string, ShortSchema>>;
};

export interface SchemaRoot {
  readonly names: Readonly<Record<string, ShortSchema>>;
  readonly root: ShortSchema;
}

const kTypeNames: Readonly<Record<string, string>> = {s: 'string', i: 'integer', n: 'number', b: 'boolean', 0: 'null'};

function type_of(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

function expected(path: string, value: unknown, what: string): string {
  return `${path}: found ${type_of(value)}, expected ${what}`;
}

class Checker {
  constructor(private readonly names: SchemaRoot['names']) {}

  // The first problem as "path: what was found and expected", or null.
  problem(value: unknown, schema: ShortSchema, path: string): string | null {
    if (typeof schema === 'string') return this.named_or_scalar_problem(value, schema, path);
    if ('length' in schema) return this.array_problem(value, schema[0], path);
    if (schema.o) return this.object_problem(value, schema.o, path);
    if (schema.e) {
      return schema.e.includes(value) ? null :
          `${path}: found ${JSON.stringify(value)}, expected ${schema.e.length > 1 ? 'one of ' : ''}${schema.e.join(', ')}`;
    }
    if (typeof value !== 'string') return expected(path, value, 'string');
    return new RegExp(schema.p ?? '').test(value) ? null : `${path}: the text is not of the form ${schema.p}`;
  }

  private named_or_scalar_problem(value: unknown, schema: string, path: string): string | null {
    if (schema.startsWith('@')) {
      if (value === null && schema.endsWith('?')) return null;
      const target = this.names[schema.replace(/[@?]/g, '')];
      return target === undefined ? `${path}: the schema has no ${schema}` : this.problem(value, target, path);
    }
    const found = type_of(value);
    const allowed = [...schema].map((letter) => kTypeNames[letter] ?? letter);
    const fits = allowed.includes(found) || (found === 'integer' && allowed.includes('number'));
    return fits ? null : expected(path, value, allowed.join(' or '));
  }

  private object_problem(value: unknown, keys: Readonly<Record<string, ShortSchema>>, path: string): string | null {
    if (type_of(value) !== 'object') return expected(path, value, 'object');
    const object = value as Record<string, unknown>;
    const missing = Object.keys(keys).find((key) => !(key in object));
    if (missing) return `${path}.${missing}: missing`;
    for (const [key, child] of Object.entries(object)) {
      const schema = keys[key];
      if (schema === undefined) return `${path}.${key}: not a key of this report`;
      const problem = this.problem(child, schema, `${path}.${key}`);
      if (problem) return problem;
    }
    return null;
  }

  private array_problem(value: unknown, items: ShortSchema, path: string): string | null {
    if (!Array.isArray(value)) return expected(path, value, 'array');
    for (let at = 0; at < value.length; at++) {
      const problem = this.problem(value[at], items, `${path}[${at}]`);
      if (problem) return problem;
    }
    return null;
  }
}

export function schema_problem(value: unknown, {names, root}: SchemaRoot): string | null {
  return new Checker(names).problem(value, root, 'report');
}
