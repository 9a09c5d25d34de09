// Checks data against report.schema.json before anything is drawn, so that a file written by another version
// says so in words. Knows the part of JSON Schema that the report uses, in the form that smaller.mjs leaves:
// objects have each of their keys and no other.

export interface JsonSchema {
  readonly $ref?: string;
  readonly anyOf?: readonly JsonSchema[];
  readonly type?: string | readonly string[];
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly pattern?: string;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly items?: JsonSchema;
  readonly $defs?: Readonly<Record<string, JsonSchema>>;
}

function type_of(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

class Checker {
  constructor(private readonly root: JsonSchema) {}

  // The first problem as "path: what was found and expected", or null.
  problem(value: unknown, schema: JsonSchema, path: string): string | null {
    if (schema.$ref) {
      const target = this.root.$defs?.[schema.$ref.replace('#/$defs/', '')];
      return target ? this.problem(value, target, path) : `${path}: the schema has no ${schema.$ref}`;
    }
    // Of one thing or null: the problem is that of the thing.
    if (schema.anyOf) {
      const problems = schema.anyOf.map((choice) => this.problem(value, choice, path));
      return problems.includes(null) ? null : problems[0] ?? null;
    }
    return this.scalar_problem(value, schema, path) ?? this.object_problem(value, schema, path) ??
        this.array_problem(value, schema, path);
  }

  private scalar_problem(value: unknown, schema: JsonSchema, path: string): string | null {
    const found = type_of(value);
    const allowed = schema.type === undefined ? [found] : [schema.type].flat();
    const fits = allowed.includes(found) || (found === 'integer' && allowed.includes('number'));
    if (!fits) return `${path}: found ${found}, expected ${allowed.join(' or ')}`;
    if (schema.const !== undefined && value !== schema.const) {
      return `${path}: found ${JSON.stringify(value)}, expected ${JSON.stringify(schema.const)}`;
    }
    if (schema.enum && !schema.enum.includes(value)) {
      return `${path}: found ${JSON.stringify(value)}, expected one of ${schema.enum.join(', ')}`;
    }
    if (schema.pattern && typeof value === 'string' && !new RegExp(schema.pattern).test(value)) {
      return `${path}: the text is not of the form ${schema.pattern}`;
    }
    return null;
  }

  private object_problem(value: unknown, schema: JsonSchema, path: string): string | null {
    if (type_of(value) !== 'object' || !schema.properties) return null;
    const object = value as Record<string, unknown>;
    const missing = Object.keys(schema.properties).find((key) => !(key in object));
    if (missing) return `${path}.${missing}: missing`;
    for (const [key, child] of Object.entries(object)) {
      const child_schema = schema.properties[key];
      if (!child_schema) return `${path}.${key}: not a key of this report`;
      const problem = this.problem(child, child_schema, `${path}.${key}`);
      if (problem) return problem;
    }
    return null;
  }

  private array_problem(value: unknown, schema: JsonSchema, path: string): string | null {
    if (!Array.isArray(value) || !schema.items) return null;
    for (let at = 0; at < value.length; at++) {
      const problem = this.problem(value[at], schema.items, `${path}[${at}]`);
      if (problem) return problem;
    }
    return null;
  }
}

export function schema_problem(value: unknown, schema: JsonSchema): string | null {
  return new Checker(schema).problem(value, schema, 'report');
}
