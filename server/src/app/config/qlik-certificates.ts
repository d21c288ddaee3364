import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { CertificatePaths } from '../../adapters/qlik/options.ts';
import { contentsOf, type PemContents, pemText } from '../../adapters/shared/pem.ts';
import { messageOf, systemCodeOf } from '../../domain/errors.ts';
import { arePicturesFetched } from './are-pictures-fetched.ts';
import type { AuditConfig, LoadedConfig } from './config.ts';
import { type Problem, problem, settingAt } from './setting.ts';

/** What is wrong with a file, in plain words and with what to do. */
export interface CertificateFault {
  readonly setting: 'clientCert' | 'clientCertKey' | 'clientCertCA';
  readonly problem: string;
}

export interface QlikCertificates {
  readonly faults: readonly CertificateFault[];
  readonly certificates: readonly { readonly path: string; readonly subject: string; readonly validTo: Date }[];
}

/** What keeps the log-in from working, for each place in the file. It keeps no server from starting: events come first. */
export async function certificateWarnings({ config, settings }: LoadedConfig, now: Date): Promise<readonly Problem[]> {
  const places = [['auditEvents', 'screenshots', 'auth', 'qps', 'cert'], ['cert']];
  return (await certificateFaults(config, now)).map((fault) => {
    const found = places.map((keys) => settingAt(settings, ['Butler-SOS', ...keys, fault.setting]));
    return problem(found.find((setting) => setting !== undefined) ?? settings, fault.problem);
  });
}

/** Of the certificates that the server would log in with; empty while it would not. Never rejects. */
export async function certificateFaults({ screenshots }: AuditConfig, now: Date): Promise<readonly CertificateFault[]> {
  if (!arePicturesFetched(screenshots) || screenshots.auth.mode === 'none') return [];
  return (await readQlikCertificates(screenshots.auth.qps.cert, now)).faults;
}

const EXPORT = 'Export it from the QMC once more: Certificates, file format "Platform independent PEM", with the key';

/** Reads the files of the log-in at Qlik Sense as they are now. Only those that are set; never the passphrase in a message. */
export async function readQlikCertificates(paths: CertificatePaths, now: Date): Promise<QlikCertificates> {
  const faults: CertificateFault[] = [];
  const attempt = async <T>(setting: CertificateFault['setting'], read: (path: string) => Promise<T>) => {
    const path = paths[setting];
    try {
      return path === undefined ? undefined : await read(path);
    } catch (thrown) {
      faults.push({ setting, problem: messageOf(thrown) });
      return undefined;
    }
  };
  const cert = await attempt('clientCert', (path) => readCertificate(path, now));
  const key = await attempt('clientCertKey', (path) => readKey(path, paths.clientCertPassphrase));
  const ca = await attempt('clientCertCA', (path) => readCertificate(path, now));
  if (cert !== undefined && key !== undefined && !cert.certificate.checkPrivateKey(key)) {
    const problem = `${paths.clientCertKey} is not the key of ${paths.clientCert}. Take both from one export`;
    faults.push({ setting: 'clientCertKey', problem });
  }
  const certificates = [cert, ca]
    .filter((one) => one !== undefined)
    .map(({ path, certificate: { subject, validToDate } }) => {
      return { path, subject: subject.replaceAll('\n', ', '), validTo: validToDate };
    });
  return { faults, certificates };
}

async function readCertificate(path: string, now: Date) {
  const text = await readPem(path, 'a certificate');
  const certificate = parsed(path, () => new X509Certificate(text));
  const { validFromDate, validToDate } = certificate;
  if (validToDate < now || validFromDate > now) {
    const days = `${validFromDate.toISOString().slice(0, 10)} to ${validToDate.toISOString().slice(0, 10)}`;
    throw new Error(`${path} is not valid today, but from ${days}. Renew it, or set the clock`);
  }
  return { path, certificate };
}

async function readKey(path: string, passphrase: string | undefined): Promise<KeyObject> {
  const text = await readPem(path, 'a private key');
  try {
    return createPrivateKey({ key: text, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch (thrown) {
    if (!/ENCRYPTED/.test(text)) throw damaged(path);
    const problem =
      passphrase === undefined
        ? 'is locked with a passphrase. Set clientCertPassphrase beside it'
        : 'is locked with another passphrase. Correct clientCertPassphrase';
    throw new Error(`${path} ${problem}`, { cause: thrown });
  }
}

async function readPem(path: string, wanted: PemContents): Promise<string> {
  const bytes = await bytesOf(path);
  const text = pemText(bytes, wanted);
  if (text !== undefined) return text;
  throw new Error(`expected ${wanted} in PEM form in ${path}, found ${contentsOf(bytes)}. ${EXPORT}`);
}

async function bytesOf(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (thrown) {
    const code = systemCodeOf(thrown);
    if (code === 'ENOENT') throw new Error(`there is no file ${path}. Correct the path`, { cause: thrown });
    if (code === 'EISDIR') throw new Error(`${path} is a folder. Name the file in it`, { cause: thrown });
    if (code === 'EACCES' || code === 'EPERM') {
      throw new Error(`this account may not read ${path}. Give it the right to`, { cause: thrown });
    }
    throw new Error(`${path} cannot be read: ${messageOf(thrown)}`, { cause: thrown });
  }
}

function parsed<T>(path: string, parse: () => T): T {
  try {
    return parse();
  } catch {
    throw damaged(path);
  }
}

function damaged(path: string): Error {
  return new Error(`${path} is damaged. ${EXPORT}`);
}
