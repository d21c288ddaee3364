// Loaded before the server (`--import`, in all its threads): the disk behaves as Windows does, as far as it can be pretended.
// A virus scanner holds whatever was just touched; folders cannot be synced; PRETEND_DISK=exfat has neither hard links nor
// access lists. Plain JavaScript, for it is loaded by path.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

Object.defineProperty(process, 'platform', { value: 'win32' });

function failure(code, syscall, path) {
  return Object.assign(new Error(`${code}: pretended, ${syscall} '${path}'`), { code, syscall, path, errno: -1 });
}

/** The first call of its kind on a path fails, as while a scanner looks at the file. */
const touched = new Set();
function scanned(syscall, path) {
  if (typeof path !== 'string' || path.includes('node_modules')) return undefined;
  const key = `${syscall} ${path}`;
  if (touched.has(key)) return undefined;
  touched.add(key);
  return failure(syscall === 'unlink' ? 'EPERM' : 'EBUSY', syscall, path);
}

function refusal(syscall, args) {
  if (syscall === 'link' && process.env.PRETEND_DISK === 'exfat') return failure('EISDIR', syscall, args[0]);
  // nobody holds a file that is not there
  if (syscall === 'open' && !(/\.(ndjson|parquet|ids)$/.test(String(args[0])) && fs.existsSync(args[0])))
    return undefined;
  return scanned(syscall, String(args[0]));
}

for (const syscall of ['rename', 'unlink', 'link', 'open']) {
  const [sync, promised, called] = [fs[`${syscall}Sync`], fs.promises[syscall], fs[syscall]];
  fs[`${syscall}Sync`] = (...args) => {
    const refused = syscall === 'open' ? undefined : refusal(syscall, args);
    if (refused !== undefined) throw refused;
    return sync(...args);
  };
  fs.promises[syscall] = async (...args) => {
    const refused = refusal(syscall, args);
    if (refused !== undefined) throw refused;
    return promised(...args);
  };
  fs[syscall] = (...args) => {
    const refused = refusal(syscall, args);
    if (refused === undefined) return called(...args);
    return process.nextTick(args.at(-1), refused);
  };
}

const { rmSync } = fs;
fs.rmSync = (path, options) => {
  const refused = fs.existsSync(path) && !options?.recursive ? scanned('unlink', path) : undefined;
  if (refused !== undefined) throw refused;
  rmSync(path, options);
};

const { fsync, fstatSync } = fs;
fs.fsync = (descriptor, done) =>
  fstatSync(descriptor).isDirectory()
    ? process.nextTick(done, failure('EPERM', 'fsync', descriptor))
    : fsync(descriptor, done);

syncBuiltinESMExports();
