// Unpacks PackedIntegers: differences to the one before, zigzag, LEB128, base64 (report.schema.json).
import type {PackedIntegers, PackedNumbers} from './report_types';

// Numbers, not BigInt: the writer promises values below 2^53. Arithmetic instead of shifts, which are 32 bit.
export function unpack_integers(packed: PackedIntegers): Float64Array {
  const bytes = atob(packed);
  const values = new Float64Array(count_values(bytes));
  let count = 0;
  let value = 0;
  let zigzag = 0;
  let place = 1;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes.charCodeAt(at);
    zigzag += (byte % 128) * place;
    place *= 128;
    if (byte >= 128) continue;
    value += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    values[count++] = value;
    zigzag = 0;
    place = 1;
  }
  return values;
}

function count_values(bytes: string): number {
  let count = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (bytes.charCodeAt(at) < 128) count++;
  }
  return count;
}

// Unpacks PackedNumbers.
export function unpack_numbers(packed: PackedNumbers): Float64Array {
  const body = packed.slice(1);
  if (packed[0] === 'i') return unpack_integers(body);
  const text = atob(body);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) bytes[at] = text.charCodeAt(at);
  const view = new DataView(bytes.buffer);
  const wide = packed[0] === 'd';
  const width = wide ? 8 : 4;
  return Float64Array.from({length: Math.floor(bytes.length / width)},
                           (_, at) => wide ? view.getFloat64(8 * at, true) : view.getFloat32(4 * at, true));
}
