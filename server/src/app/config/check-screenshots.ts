import { isIP } from 'node:net';
import { createHostRules } from '../../adapters/qlik/host-rules.ts';
import { membersOf } from '../../domain/payload-member.ts';
import { parseUserIdentity } from '../../domain/user-identity.ts';
import { quoted } from './check-schema.ts';
import { type MappingSetting, type Problem, plainValue, problem, type Setting, settingAt } from './setting.ts';

const SCREENSHOTS = ['Butler-SOS', 'auditEvents', 'screenshots'];
const AUTH = [...SCREENSHOTS, 'auth'];

/** A part of a host name or of a path that Qlik Sense could never have. */
const NO_PREFIX = /[\s:?#\\]|(?:^|\/)\.{1,2}(?:\/|$)/;
/** As a cookie's name must be (RFC 6265). */
const COOKIE_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** What a schema cannot say about the log-in at Qlik Sense. Looks at it only where pictures are fetched with one. */
export function screenshotMistakes(root: MappingSetting): readonly Problem[] {
  if (!isFetchingWithLogin(root)) return [];
  return [
    ...wrongTexts(root, ['qps', 'host'], isHostName, 'the name of a host without scheme, port and path'),
    ...wrongTexts(
      root,
      ['qps', 'virtualProxy'],
      (text) => !NO_PREFIX.test(text.trim()),
      'a prefix such as "analytics"',
    ),
    ...wrongTexts(root, ['sessionCookieName'], (text) => COOKIE_NAME.test(text), 'the name of a cookie'),
    ...wrongTexts(root, ['allowedPaths'], isFolderPath, 'a path such as "/content/Pictures"'),
    ...wrongTexts(root, ['deniedUsers'], isUser, 'a user such as "LAB\\\\john"'),
  ];
}

/** What is set up so that no picture, or not every one, can come. */
export function screenshotWarnings(root: MappingSetting): readonly Problem[] {
  if (valueAt(root, [...SCREENSHOTS, 'enable']) !== true) return [];
  return [...hostsOfNothing(root), ...(isFetchingWithLogin(root) ? missingForLogin(root) : [])];
}

function hostsOfNothing(root: MappingSetting): readonly Problem[] {
  const texts = textsAt(settingAt(root, [...SCREENSHOTS, 'allowedImageDownloadHosts']));
  return texts
    .filter(
      ({ text }) => createHostRules({ allowedImageDownloadHosts: [text], allowedOrigins: [] }).unreadable.length > 0,
    )
    .map(({ setting, text }) => {
      const wildcard = text.includes('*') ? ' There are no wildcards: name each host.' : '';
      return problem(setting, `${quoted(text)} is neither host nor host:port, and allows nothing.${wildcard}`);
    });
}

function missingForLogin(root: MappingSetting): readonly Problem[] {
  const { host, userDirectory, userId, cert } = membersOf(valueAt(root, [...AUTH, 'qps']));
  const mode = valueAt(root, [...AUTH, 'mode']);
  const ownCert = membersOf(cert);
  const isOwn = Object.values(ownCert).some(isGiven);
  const certs = isOwn ? ownCert : membersOf(valueAt(root, ['Butler-SOS', 'cert']));
  const section = isOwn ? 'screenshots.auth.qps.cert' : 'Butler-SOS.cert';
  const missing = [
    ...(isGiven(host) ? [] : ['screenshots.auth.qps.host']),
    ...(mode === 'qpsTicket' && !isGiven(userDirectory) ? ['screenshots.auth.qps.userDirectory'] : []),
    ...(mode === 'qpsTicket' && !isGiven(userId) ? ['screenshots.auth.qps.userId'] : []),
    ...['clientCert', 'clientCertKey'].filter((key) => !isGiven(certs[key])).map((key) => `${section}.${key}`),
  ];
  if (missing.length === 0) return [];
  const place = settingAt(root, [...AUTH, 'mode']) ?? root;
  return [problem(place, `${String(mode)} gets no ticket until this is set, too: ${missing.join(', ')}`)];
}

function isFetchingWithLogin(root: MappingSetting): boolean {
  const mode = valueAt(root, [...AUTH, 'mode']);
  return valueAt(root, [...SCREENSHOTS, 'enable']) === true && (mode === 'qpsTicket' || mode === 'userTicket');
}

function wrongTexts(
  root: MappingSetting,
  keys: readonly string[],
  isRight: (text: string) => boolean,
  expected: string,
): readonly Problem[] {
  return textsAt(settingAt(root, [...AUTH, ...keys]))
    .filter(({ text }) => !isRight(text))
    .map(({ setting, text }) => problem(setting, `expected ${expected}, found ${quoted(text)}`));
}

/** Itself, or its items; what is empty is the matter of the schema. */
function textsAt(setting: Setting | undefined): readonly { readonly setting: Setting; readonly text: string }[] {
  if (setting?.kind === 'list') return setting.items.flatMap(textsAt);
  if (setting?.kind !== 'scalar' || typeof setting.value !== 'string' || setting.value === '') return [];
  return [{ setting, text: setting.value }];
}

function isHostName(text: string): boolean {
  return isIP(text) !== 0 || !/[\s:/?#@\\*]/.test(text);
}

function isFolderPath(text: string): boolean {
  return !NO_PREFIX.test(text) && /[^/]/.test(text);
}

/** Whoever writes a denial that denies nobody should know. */
function isUser(text: string): boolean {
  const { directory, user } = parseUserIdentity(text);
  return directory !== null || user !== null;
}

function isGiven(value: unknown): boolean {
  return typeof value === 'string' && value !== '';
}

function valueAt(root: MappingSetting, keys: readonly string[]): unknown {
  const setting = settingAt(root, keys);
  return setting === undefined ? undefined : plainValue(setting);
}
