// The data of a report, read a second time and in another way than the page does.

// PackedIntegers of report.schema.json.
export function unpack(packed) {
  const values = [];
  let value = 0n;
  let zigzag = 0n;
  let shift = 0n;
  for (const byte of Buffer.from(packed, 'base64')) {
    zigzag |= BigInt(byte & 0x7f) << shift;
    shift += 7n;
    if (byte & 0x80) continue;
    value += (zigzag >> 1n) ^ -(zigzag & 1n);
    values.push(Number(value));
    zigzag = shift = 0n;
  }
  return values;
}

// Without the tables of reports/json_tables.h.
function plain(json) {
  return JSON.parse(json, (_key, value) => {
    if (typeof value?.table !== 'number') return value;
    const keys = Object.keys(value.columns);
    const cells = keys.map((key) => {
      const column = value.columns[key];
      if (Array.isArray(column)) return column;
      if (column.integers !== undefined) return unpack(column.integers);
      if (column.at !== undefined) return unpack(column.at).map((place) => column.distinct[place]);
      return Array(value.table).fill(column.always);
    });
    return Array.from({length: value.table}, (_, row) => Object.fromEntries(keys.map((key, at) => [key, cells[at][row]])));
  });
}

// What the page draws.
export async function report_of(page) {
  return plain(await page.locator('#data').textContent());
}

// A page's text with `change` applied to its data, which then stands there without tables.
export function with_changed_data(page, change) {
  return page.replace(/(<script type="application\/json" id="data">)(.*?)(<\/script>)/s, (_, before, json, after) => {
    const report = JSON.parse(JSON.stringify(plain(json)));  // rows that say the same shared it
    change(report);
    return before + JSON.stringify(report).replaceAll('<', '\\u003c') + after;
  });
}
