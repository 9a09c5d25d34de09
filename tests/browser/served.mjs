// `slmrig serve` and `slmrig run` as child processes in a folder of their own, for serve_test.mjs.
//
// SLMRIG names the program (set by ctest). Nothing outside the folder is touched: locks and results lie in it.
import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';

export class Rack {
  constructor() {
    if (!process.env.SLMRIG) throw new Error('SLMRIG is not set: run this through ctest -L browser');
    this.folder = mkdtempSync(join(tmpdir(), 'slmrig-serve-'));
    this.database = join(this.folder, 'slmrig.db');
    this.children = [];
  }

  file(name) {
    return join(this.folder, name);
  }

  write(name, text) {
    writeFileSync(this.file(name), text);
    return this.file(name);
  }

  // A started program of slmrig: {child, ended} where `ended` gives {code, output, errors}.
  start(...args) {
    const environment = {...process.env, SLMRIG_LOCK_DIR: this.file('locks'), SLMRIG_ROOT: process.cwd()};
    const child = spawn(process.env.SLMRIG, args, {cwd: this.folder, env: environment});
    this.children.push(child);
    const texts = {output: '', errors: ''};
    child.stdout.on('data', (bytes) => { texts.output += bytes; });
    child.stderr.on('data', (bytes) => { texts.errors += bytes; });
    const ended = once(child, 'close').then(([code, signal]) => ({code, signal, ...texts}));
    return {child, ended, texts};
  }

  async slmrig(...args) {
    return this.start(...args).ended;
  }

  // A server of the rack's database at any free port, once it says where it is.
  async serve(...args) {
    const server = this.start('serve', '--db', this.database, '--port', '0', ...args);
    const line = new Promise((resolve, reject) => {
      server.child.stdout.on('data', () => {
        if (server.texts.output.includes('\n')) resolve(server.texts.output.trim());
      });
      server.ended.then(({code, errors}) => reject(new Error(`slmrig serve ended with ${code}: ${errors}`)));
    });
    server.url = await line;
    return server;
  }

  async stop() {
    for (const child of this.children) {
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGKILL');
        await once(child, 'close');
      }
    }
    rmSync(this.folder, {recursive: true});
  }
}
