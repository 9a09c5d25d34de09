// Undoes reports/json_tables.h, which says what a table is: lists of like objects travel by column. Rows that say
// the same share one value.
import {unpack_integers} from './packed';

type Columns = Readonly<Record<string, unknown>>;

function is_object(value: unknown): value is Columns {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function rows_of(rows: number, columns: Columns): unknown[] {
  const list = Array.from({length: rows}, (): Record<string, unknown> => ({}));
  for (const [key, column] of Object.entries(columns)) {
    const values = values_of(column, rows);
    list.forEach((row, at) => { row[key] = values[at]; });
  }
  return list;
}

function values_of(column: unknown, rows: number): ArrayLike<unknown> {
  if (!is_object(column)) return from_tables(column) as unknown[];
  const {always, integers, distinct, at} = column;
  if (typeof integers === 'string') return unpack_integers(integers);
  if (typeof at === 'string') {
    const values = from_tables(distinct) as unknown[];
    return Array.from(unpack_integers(at), (place) => values[place]);
  }
  if ('always' in column) return Array<unknown>(rows).fill(from_tables(always));
  return from_tables(column) as unknown[];
}

export function from_tables(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(from_tables);
  if (!is_object(value)) return value;
  const {table, columns} = value;
  if (typeof table === 'number' && is_object(columns)) return rows_of(table, columns);
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, from_tables(child)]));
}
