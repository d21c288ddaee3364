import { isDeepStrictEqual } from 'node:util';
import type { ConnectionSection } from '../../adapters/shared/influxdb/connection.ts';
import type { JsonSchema, RegisteredDestination } from '../../pipeline/ports/destination.ts';
import { addressList, typeNames } from './check-meaning.ts';
import type {
  AuditConfig,
  CertificateFiles,
  DestinationConfig,
  HttpConfig,
  LoggingConfig,
  LogLevel,
  NamedValue,
  OidcConfig,
  QueueConfig,
  ScreenshotsConfig,
  ViewerConfig,
  ViewerUser,
} from './config.ts';
import { originOf } from './origin.ts';
import { projectSettings } from './project-settings.ts';
import { schemaBelow } from './schema/section.ts';

/** The settings once the schema has passed them: every key with a default is there. */
interface Settings {
  readonly logLevel: LogLevel | 'silly' | 'verbose';
  readonly fileLogging: boolean;
  readonly logDirectory: string;
  readonly cert: Nullable<CertificateFiles>;
  readonly serversToMonitor: { readonly rejectUnauthorized: boolean | null };
  readonly influxdbConfig: Nullable<ConnectionSection> & { readonly enable: boolean | null };
  readonly auditEvents: AuditEventsSettings;
}

interface AuditEventsSettings extends Omit<HttpConfig, 'apiTokens' | 'trustProxy' | 'queue' | 'cors'> {
  readonly enable: boolean;
  readonly apiToken?: string | readonly string[];
  readonly cors: { readonly allowedOrigins: readonly string[] | null };
  readonly trustProxy: boolean | number | string | readonly string[];
  readonly queue: QueueConfig;
  readonly eventLog: {
    readonly directory: string;
    readonly segmentBytes: number;
    readonly retentionDays: number;
    readonly idRetentionDays: number;
    readonly minFreeBytes: number;
  };
  readonly destination: {
    readonly enable: boolean;
    readonly type: string | readonly string[];
    readonly startFrom: 'earliest' | 'now';
    readonly influxdb?: ConnectionSection;
  };
  readonly screenshots: ScreenshotsSettings;
  readonly viewer: ViewerSettings;
}

type ViewerSettings = Omit<ViewerConfig, 'allowedHosts' | 'users' | 'proxy' | 'oidc'> & {
  readonly allowedHosts: readonly string[] | null;
  readonly users: readonly ViewerUser[] | null;
  readonly proxy: { readonly addresses: readonly string[] | null; readonly userHeader: string };
  readonly oidc: Nullable<Omit<OidcConfig, 'issuer'>> & { readonly issuer?: string | null };
};

type ScreenshotsSettings = Omit<ScreenshotsConfig, 'storageTargets' | 'allowedImageDownloadHosts' | 'auth'> & {
  readonly storageTargets: readonly { enable: boolean; type: 'flat' | 'dated'; directory: string }[] | null;
  readonly allowedImageDownloadHosts: readonly string[] | null;
  readonly auth: Omit<ScreenshotsConfig['auth'], 'allowedPaths' | 'deniedUsers'> & {
    readonly allowedPaths: readonly string[] | null;
    readonly deniedUsers: readonly string[] | null;
  };
};

type Nullable<T> = { readonly [K in keyof T]?: T[K] | null };

export interface ConfigSource {
  readonly root: string;
  readonly file?: string;
  readonly generatedTokenFile?: string;
}

/** From checked settings to the typed configuration. Never throws for settings that passed the schema. */
export function buildConfig(
  data: Record<string, unknown>,
  schema: JsonSchema,
  registered: readonly RegisteredDestination[],
  source: ConfigSource,
): AuditConfig {
  const { root } = source;
  const project = (mask: boolean) => projectSettings(data, schema, { root, mask }) as { 'Butler-SOS': Settings };
  const settings = project(false)['Butler-SOS'];
  const { auditEvents } = settings;
  const influxdbConfig = influxdbConnection(settings.influxdbConfig);
  return {
    ...source,
    enable: auditEvents.enable,
    http: httpConfig(auditEvents),
    eventLog: eventLogConfig(auditEvents.eventLog),
    destinations: destinationConfigs(auditEvents.destination, registered),
    screenshots: screenshotsConfig(auditEvents.screenshots, settings.cert),
    viewer: viewerConfig(auditEvents.viewer),
    logging: loggingConfig(settings),
    certs: { ...given(settings.cert), rejectUnauthorized: settings.serversToMonitor.rejectUnauthorized ?? true },
    ...(influxdbConfig === undefined ? {} : { influxdbConfig }),
    auditInfluxdb: auditEvents.destination.influxdb ?? INFLUXDB_DEFAULTS,
    printable: printableSettings(project(true), schema),
  };
}

function httpConfig(settings: AuditEventsSettings): HttpConfig {
  const { host, port, apiToken, cors, tls, trustProxy, maxBodyBytes, rateLimit, queue, compatibility } = settings;
  const influxdb = queue.queueMetrics.influxdb;
  return {
    host,
    port,
    apiTokens: (Array.isArray(apiToken) ? (apiToken as readonly string[]) : [String(apiToken ?? '')]).filter(
      (token) => token !== '',
    ),
    cors: { allowedOrigins: (cors.allowedOrigins ?? []).map((origin) => originOf(origin) ?? origin) },
    tls: given(tls),
    trustProxy: typeof trustProxy === 'string' || Array.isArray(trustProxy) ? addressList(trustProxy) : trustProxy,
    maxBodyBytes,
    rateLimit,
    queue: { ...queue, queueMetrics: { influxdb: { ...influxdb, tags: namedTexts(influxdb.tags) } } },
    compatibility: given(compatibility),
  };
}

function viewerConfig({ allowedHosts, tls, users, proxy, oidc, ...rest }: ViewerSettings): ViewerConfig {
  return {
    ...rest,
    allowedHosts: allowedHosts ?? [],
    tls: given(tls),
    users: (users ?? []).map((user) => given(user) as ViewerUser),
    proxy: { ...proxy, addresses: proxy.addresses ?? [] },
    ...((oidc.issuer ?? '') === '' ? {} : { oidc: oidcConfig(oidc) }),
  };
}

function oidcConfig({ scopes, roles, ...rest }: ViewerSettings['oidc']): OidcConfig {
  const rights = (roles ?? []).map((one) => given(one) as OidcConfig['roles'][number]);
  return { ...(given(rest) as Omit<OidcConfig, 'scopes' | 'roles'>), scopes: scopes ?? [], roles: rights };
}

function eventLogConfig(settings: AuditEventsSettings['eventLog']): AuditConfig['eventLog'] {
  const { retentionDays, idRetentionDays, ...rest } = settings;
  return {
    ...rest,
    ...(retentionDays === 0 ? {} : { retentionDays }),
    ...(idRetentionDays === 0 ? {} : { idRetentionDays }),
  };
}

function destinationConfigs(
  settings: AuditEventsSettings['destination'],
  registered: readonly RegisteredDestination[],
): readonly DestinationConfig[] {
  if (!settings.enable) return [];
  const sections = settings as unknown as Readonly<Record<string, Record<string, unknown>>>;
  return typeNames(settings.type)
    .filter((type) => registered.some((one) => one.type === type))
    .map((type) => ({ name: type, type, startFrom: settings.startFrom, rawOptions: sections[type] ?? {} }));
}

function screenshotsConfig(settings: ScreenshotsSettings, cert: Nullable<CertificateFiles>): ScreenshotsConfig {
  const { storageTargets, allowedImageDownloadHosts, auth, ...rest } = settings;
  const own = given(auth.qps.cert);
  return {
    ...rest,
    storageTargets: (storageTargets ?? [])
      .filter((target) => target.enable && target.directory !== '')
      .map(({ type, directory }) => ({ type, directory }))
      .filter((one, i, all) => all.findIndex((each) => isDeepStrictEqual(each, one)) === i),
    ...(allowedImageDownloadHosts === null ? {} : { allowedImageDownloadHosts }),
    auth: {
      ...given(auth),
      allowedPaths: auth.allowedPaths ?? [],
      deniedUsers: auth.deniedUsers ?? [],
      qps: {
        ...given({ ...auth.qps, virtualProxy: undefined }),
        ...(auth.qps.virtualProxy === undefined ? {} : { virtualProxy: auth.qps.virtualProxy }),
        cert: Object.keys(own).length > 0 ? own : given(cert),
      },
    } as ScreenshotsConfig['auth'],
  };
}

function loggingConfig(settings: Settings): LoggingConfig {
  const level = settings.logLevel === 'silly' || settings.logLevel === 'verbose' ? 'debug' : settings.logLevel;
  return settings.fileLogging ? { level, directory: settings.logDirectory } : { level };
}

const INFLUXDB_DEFAULTS: ConnectionSection = { host: 'localhost', port: 8086, version: 2 };

function influxdbConnection(settings: Settings['influxdbConfig']): ConnectionSection | undefined {
  if (settings.enable !== true) return undefined;
  const { host, port, version, v1Config, v2Config, v3Config } = settings;
  return {
    ...given({ v1Config, v2Config, v3Config }),
    host: host ?? INFLUXDB_DEFAULTS.host,
    port: port ?? INFLUXDB_DEFAULTS.port,
    version: version ?? INFLUXDB_DEFAULTS.version,
  };
}

/** Only destinations that are in use: what the others would do is nobody's question. */
function printableSettings(masked: { 'Butler-SOS': Settings }, schema: JsonSchema): Readonly<Record<string, unknown>> {
  const settings = masked['Butler-SOS'];
  const { destination } = settings.auditEvents;
  const sections = schemaBelow(schemaBelow(schemaBelow(schema, 'Butler-SOS'), 'auditEvents'), 'destination');
  const known = Object.keys((sections?.properties ?? {}) as object).filter(
    (key) => !['enable', 'type', 'startFrom'].includes(key),
  );
  const used = typeNames(destination.type);
  const shown = Object.entries(destination).filter(([key]) => !known.includes(key) || used.includes(key));
  return {
    'Butler-SOS': { ...settings, auditEvents: { ...settings.auditEvents, destination: Object.fromEntries(shown) } },
  };
}

function namedTexts(values: readonly NamedValue[] | null): readonly NamedValue[] {
  return (values ?? []).map(({ name, value }) => ({ name, value: String(value) }));
}

/** Without what was left out or left empty. */
function given<T extends object>(values: T): { readonly [K in keyof T]: NonNullable<T[K]> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined && value !== null && value !== '');
  return Object.fromEntries(entries) as { readonly [K in keyof T]: NonNullable<T[K]> };
}
