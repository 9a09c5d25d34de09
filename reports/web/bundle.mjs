// What the builds of the report's page and of the server's overview have in common.
import * as esbuild from 'esbuild';
import {compact_schema} from './smaller.mjs';

// The text of a script or a style sheet with all that it imports, minified.
export async function bundle(file) {
  const result = await esbuild.build({
    entryPoints: [file],
    bundle: true,
    minify: true,
    write: false,
    format: 'iife',
    target: ['es2020'],
    plugins: [compact_schema],
    charset: 'ascii',
    logLevel: 'warning',
  });
  return result.outputFiles[0].text.trim();
}

// The C++ definition of a std::string_view of this text: an array, since string literals are bounded in length.
export function byte_array(name, text) {
  const bytes = [...Buffer.from(text, 'utf8')];
  const lines = [];
  for (let at = 0; at < bytes.length; at += 32) lines.push(bytes.slice(at, at + 32).join(','));
  return `constexpr unsigned char ${name}_bytes[] = {\n${lines.join(',\n')}};\n` +
      `const std::string_view ${name}(reinterpret_cast<const char*>(${name}_bytes), ${bytes.length});\n`;
}
