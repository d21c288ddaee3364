import { isIP } from 'node:net';
import { validRange } from 'semver';
import {
  areConstantTagsShort,
  CONSTANT_TAGS_RULE,
  isMeasurementName,
  isTagName,
  MEASUREMENT_RULE,
  TAG_NAMES_RULE,
} from '../../adapters/shared/influxdb/line-protocol.ts';
import { membersOf } from '../../domain/payload-member.ts';
import type { RegisteredDestination } from '../../pipeline/ports/destination.ts';
import { quoted } from './check-schema.ts';
import { screenshotMistakes } from './check-screenshots.ts';
import { closestName, editDistance } from './closest-name.ts';
import { auditEventsKeys } from './schema/settings-schema.ts';
import { UNAVAILABLE_DESTINATIONS } from './schema/unavailable-destinations.ts';
import { USUAL_VIEWER_PORT } from './schema/viewer-schema.ts';
import { type MappingSetting, type Problem, plainValue, problem, settingAt } from './setting.ts';
import { isLoopback } from './startup-warnings.ts';

const AUDIT_EVENTS = ['Butler-SOS', 'auditEvents'];

/** What a schema cannot say. Looks at settings whose types may be wrong, so that all problems are told at once. */
export function checkMeaning(root: MappingSetting, registered: readonly RegisteredDestination[]): readonly Problem[] {
  const settings = new AuditSettings(root);
  return [
    ...misspeltSections(root),
    ...misplacedSettings(root, registered),
    ...destinationTypes(settings, registered),
    ...apiTokens(settings),
    ...tls(settings, 'viewer.tls'),
    ...viewerUsers(settings),
    ...oidc(settings),
    ...(isRun(settings) ? mistakesInPlaceholders(settings, root) : []),
    ...trustProxy(settings),
    ...versionRange(settings),
    ...queueMetricsNames(settings),
  ];
}

/** In settings that hold placeholders in the template of Butler SOS, as `<IP or FQDN>`. */
function mistakesInPlaceholders(settings: AuditSettings, root: MappingSetting): readonly Problem[] {
  return [...tls(settings, 'tls'), ...hosts(settings), ...ports(settings), ...screenshotMistakes(root)];
}

class AuditSettings {
  readonly #root: MappingSetting;
  constructor(root: MappingSetting) {
    this.#root = root;
  }
  value(path: string): unknown {
    const setting = settingAt(this.#root, [...AUDIT_EVENTS, ...path.split('.')]);
    return setting === undefined ? undefined : plainValue(setting);
  }
  problem(path: string, message: string): Problem {
    return problem(settingAt(this.#root, [...AUDIT_EVENTS, ...path.split('.')]) ?? this.#root, message);
  }
}

/** A header loses the blanks around its value and cannot hold control characters: such a token would let nobody in. */
function apiTokens(settings: AuditSettings): Problem[] {
  const value = settings.value('apiToken');
  const tokens: readonly unknown[] = Array.isArray(value) ? value : [value];
  return tokens.flatMap((token, i) => {
    if (typeof token !== 'string' || token === '') return [];
    const found = unsendable(token);
    if (found === undefined) return [];
    const path = Array.isArray(value) ? `apiToken.${i}` : 'apiToken';
    return [settings.problem(path, `expected a token that a client can send in a header, found ${found}`)];
  });
}

function unsendable(token: string): string | undefined {
  if (token.trim() === '') return 'only blanks';
  if (token.trim() !== token) return 'blanks or line breaks before or behind it';
  return /\p{Cc}/u.test(token) ? 'a control character in it' : undefined;
}

/** Other sections are not ours, but `auditEvent:` would run with defaults in silence. */
function misspeltSections(root: MappingSetting): Problem[] {
  const below = root.entries.get('Butler-SOS');
  const places = [
    { mapping: root, name: 'Butler-SOS' },
    ...(below?.kind === 'mapping' ? [{ mapping: below, name: 'auditEvents' }] : []),
  ];
  return places.flatMap(({ mapping, name }) => {
    if (mapping.entries.has(name)) return [];
    return [...mapping.entries]
      .filter(([key]) => editDistance(key.toLowerCase(), name.toLowerCase()) <= 2)
      .map(([key, setting]) => problem(setting, `expected a known key, found ${quoted(key)}. Did you mean "${name}"?`));
  });
}

/** One step too far to the left, a setting would be left alone as one of another section. */
function misplacedSettings(root: MappingSetting, registered: readonly RegisteredDestination[]): Problem[] {
  const below = root.entries.get('Butler-SOS');
  if (below?.kind !== 'mapping') return [];
  const ours = auditEventsKeys(registered);
  return [...below.entries]
    .filter(([key]) => ours.includes(key))
    .map(([key, setting]) => problem(setting, `expected ${quoted(key)} below auditEvents, found it beside that`));
}

/** Names of `destination.type`: separated by commas, or a list. Lower case, each once. */
export function typeNames(value: unknown): readonly string[] {
  const names = (Array.isArray(value) ? value : [value])
    .filter((name): name is string => typeof name === 'string')
    .flatMap((name) => name.split(','))
    .map((name) => name.trim().toLowerCase())
    .filter((name) => name !== '');
  return [...new Set(names)];
}

function destinationTypes(settings: AuditSettings, registered: readonly RegisteredDestination[]): Problem[] {
  const value = settings.value('destination.type');
  if (typeof value !== 'string' && !Array.isArray(value)) return [];
  const known = [...registered, ...UNAVAILABLE_DESTINATIONS].map(({ type }) => type);
  const names = typeNames(value);
  if (names.length === 0 && settings.value('destination.enable') === true) {
    return [settings.problem('destination.type', 'expected the name of at least one destination, found none')];
  }
  return names
    .filter((name) => !known.includes(name))
    .map((name) => {
      const close = closestName(name, known);
      const hint = close === undefined ? '' : ` Did you mean "${close}"?`;
      const expected = `expected destinations among ${[...new Set(known)].join(', ')}`;
      return settings.problem('destination.type', `${expected}, found ${quoted(name)}.${hint}`);
    });
}

function tls(settings: AuditSettings, section: string): Problem[] {
  if (settings.value(`${section}.enable`) !== true) return [];
  return ['cert', 'key'].flatMap((key) => {
    const value = settings.value(`${section}.${key}`) ?? undefined;
    if (value === undefined) {
      return [settings.problem(section, `expected the key "${key}" in it while ${section}.enable is true, found none`)];
    }
    if (value !== '') return [];
    const problem = `expected the path of a file while ${section}.enable is true, found none`;
    return [settings.problem(`${section}.${key}`, problem)];
  });
}

/** Two accounts of one name would be one with the rights of either. */
function viewerUsers(settings: AuditSettings): Problem[] {
  const users = settings.value('viewer.users');
  const names = Array.isArray(users) ? users.map((user: unknown) => (user as { name?: unknown } | null)?.name) : [];
  const twice = names.find((name, i) => typeof name === 'string' && names.indexOf(name) !== i);
  return [
    ...(twice === undefined
      ? []
      : [settings.problem('viewer.users', `expected each name once, found ${quoted(String(twice))} twice`)]),
    ...limitedAdmins(settings, 'viewer.users'),
  ];
}

/** Who reads such an entry would take it for a limit. */
function limitedAdmins(settings: AuditSettings, path: string): Problem[] {
  const entries = settings.value(path);
  if (!Array.isArray(entries)) return [];
  return entries.flatMap((entry: unknown, i) => {
    const { role, apps, pictures, objectData } = membersOf(entry);
    if (role !== 'admin' || (!Array.isArray(apps) && pictures !== false && objectData !== false)) return [];
    const message = 'expected no limits for an administrator, who sees everything, or the role reader';
    return [settings.problem(`${path}.${i}`, message)];
  });
}

/** A provider over plain http could be anybody, so that anybody could log in. */
function oidc(settings: AuditSettings): Problem[] {
  const section = 'viewer.oidc';
  const issuer = settings.value(`${section}.issuer`) ?? '';
  if (typeof issuer !== 'string' || issuer === '') return [];
  const clientId = settings.value(`${section}.clientId`) ?? '';
  const redirectUri = settings.value(`${section}.redirectUri`) ?? '';
  return [
    ...limitedAdmins(settings, `${section}.roles`),
    ...(isSafeAddress(issuer) ? [] : [settings.problem(`${section}.issuer`, expectedAddress('an address', issuer))]),
    ...(clientId === ''
      ? [settings.problem(section, 'expected the key "clientId" beside the issuer, found none')]
      : []),
    ...(typeof redirectUri !== 'string' ||
    redirectUri === '' ||
    (isSafeAddress(redirectUri) && redirectUri.endsWith('/login'))
      ? []
      : [settings.problem(`${section}.redirectUri`, expectedAddress('an address that ends with /login', redirectUri))]),
  ];
}

function expectedAddress(what: string, found: string): string {
  return `expected ${what} with https, or with http on this machine, found ${quoted(found)}`;
}

function isSafeAddress(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, hash, username } = new URL(text);
  if (search !== '' || hash !== '' || username !== '') return false;
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname.replace(/^\[|\]$/g, '')));
}

/** Where audit events are switched off, the file may be as the template was. */
function isRun(settings: AuditSettings): boolean {
  return settings.value('enable') !== false;
}

function hosts(settings: AuditSettings): Problem[] {
  return ['host', 'viewer.host'].flatMap((key) => {
    const host = settings.value(key);
    if (typeof host !== 'string' || host === '' || isIP(host) !== 0 || !/[:/\s]/.test(host)) return [];
    return [settings.problem(key, `expected a host name or an address without scheme and port, found ${quoted(host)}`)];
  });
}

function ports(settings: AuditSettings): Problem[] {
  const port = settings.value('port') ?? 8181;
  const viewerPort = settings.value('viewer.port') ?? USUAL_VIEWER_PORT;
  if (port !== viewerPort || port === 0 || settings.value('viewer.enable') === false) return [];
  const key = settings.value('viewer.port') === undefined ? 'port' : 'viewer.port';
  return [settings.problem(key, `expected different ports for the audit API and the viewer, found ${port} for both`)];
}

function trustProxy(settings: AuditSettings): Problem[] {
  const value = settings.value('trustProxy');
  if (typeof value !== 'string' && !Array.isArray(value)) return [];
  return addressList(value)
    .filter((address) => !isNetwork(address))
    .map((address) =>
      settings.problem('trustProxy', `expected true, false, a number of hops, or addresses, found ${quoted(address)}`),
    );
}

/** Addresses separated by commas, or a list. */
export function addressList(value: unknown): readonly string[] {
  return (Array.isArray(value) ? value : [value])
    .filter((address): address is string => typeof address === 'string')
    .flatMap((address) => address.split(','))
    .map((address) => address.trim())
    .filter((address) => address !== '');
}

function isNetwork(text: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true;
  const [, address = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
  const family = isIP(address);
  return family !== 0 && Number(bits ?? 0) <= (family === 4 ? 32 : 128);
}

function versionRange(settings: AuditSettings): Problem[] {
  const key = 'compatibility.auditQsVersionRange';
  const range = settings.value(key);
  if (typeof range !== 'string' || range === '' || validRange(range) !== null) return [];
  return [settings.problem(key, `expected a semver range such as ">=0.3.0 <0.4.0", found ${quoted(range)}`)];
}

function queueMetricsNames(settings: AuditSettings): Problem[] {
  const below = 'queue.queueMetrics.influxdb';
  const measurement = settings.value(`${below}.measurementName`);
  const tags = settings.value(`${below}.tags`);
  const given = Array.isArray(tags)
    ? (tags as readonly ({ readonly name?: unknown; readonly value?: unknown } | null)[])
    : [];
  const names = given.map((tag) => tag?.name);
  const isShort = areConstantTagsShort(given.map((tag) => [String(tag?.name), String(tag?.value)]));
  const badTags = names.filter((name): name is string => typeof name === 'string' && !isTagName(name));
  return [
    ...(typeof measurement === 'string' && !isMeasurementName(measurement)
      ? [settings.problem(`${below}.measurementName`, `expected ${MEASUREMENT_RULE}, found ${quoted(measurement)}`)]
      : []),
    ...badTags.map((name) => settings.problem(`${below}.tags`, `expected ${TAG_NAMES_RULE}, found ${quoted(name)}`)),
    ...(isShort ? [] : [settings.problem(`${below}.tags`, `expected ${CONSTANT_TAGS_RULE}, found more`)]),
  ];
}
