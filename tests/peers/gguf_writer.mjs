// Writes GGUF version 3: what the fixtures' model needs of it.

const valueTypes = { u32: 4, i32: 5, f32: 6, bool: 7, string: 8 };

const text = (string) => {
  const bytes = Buffer.from(string, "utf8");
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(BigInt(bytes.length));
  return Buffer.concat([size, bytes]);
};
const number = (type, value) => {
  const bytes = Buffer.alloc(type === "bool" ? 1 : 4);
  if (type === "u32") bytes.writeUInt32LE(value);
  else if (type === "i32") bytes.writeInt32LE(value);
  else if (type === "f32") bytes.writeFloatLE(value);
  else bytes.writeUInt8(value ? 1 : 0);
  return bytes;
};
const u64 = (value) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
};
const encode = (type, value) => (type === "string" ? text(value) : number(type, value));

// keys: [[name, type, value]], where "array of T" takes an array; tensors: [{name, dims, values (Float32Array)}].
export const gguf = (keys, tensors) => {
  const parts = [Buffer.from("GGUF"), number("u32", 3), u64(tensors.length), u64(keys.length)];
  for (const [name, type, value] of keys) {
    const element = /^array of (.*)$/.exec(type)?.[1];
    parts.push(text(name), number("u32", element === undefined ? valueTypes[type] : 9));
    if (element === undefined) {
      parts.push(encode(type, value));
    } else {
      parts.push(number("u32", valueTypes[element]), u64(value.length), ...value.map((v) => encode(element, v)));
    }
  }
  let offset = 0;
  for (const { name, dims, values } of tensors) {
    parts.push(text(name), number("u32", dims.length), ...dims.map(u64), number("u32", 0), u64(offset));
    offset += Math.ceil(values.byteLength / 32) * 32;
  }
  const header = Buffer.concat(parts);
  const padded = (bytes) => Buffer.concat([bytes, Buffer.alloc((32 - (bytes.length % 32)) % 32)]);
  return Buffer.concat([padded(header),
    ...tensors.map(({ values }) => padded(Buffer.from(values.buffer, values.byteOffset, values.byteLength)))]);
};
