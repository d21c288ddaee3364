import type { CertificatePaths, LoginOptions } from '../../adapters/qlik/options.ts';
import type { ConnectionSection } from '../../adapters/shared/influxdb/connection.ts';
import type { ImageFact } from '../../domain/screenshot-annotation.ts';
import type { MappingSetting } from './setting.ts';

/**
 * The configuration as the program uses it: complete, checked, in one shape, whichever of the documented shapes the file has.
 * Durations and sizes have their unit in the name, except where the public documents gave the name (then the docstring says it).
 * Every path is absolute.
 */
export interface AuditConfig {
  /** False: the file switches the whole server off. */
  readonly enable: boolean;
  /** Absolute; destinations resolve their relative paths against it. */
  readonly root: string;
  /** Absolute path of the file that was read; undefined when the built-in default runs. */
  readonly file?: string;
  /** The built-in default has a token of its own, kept in this file: see `withGeneratedToken`. */
  readonly generatedTokenFile?: string;
  readonly http: HttpConfig;
  readonly eventLog: EventLogConfig;
  /** In the order of `destination.type`; empty when `destination.enable` is false. */
  readonly destinations: readonly DestinationConfig[];
  readonly screenshots: ScreenshotsConfig;
  readonly viewer: ViewerConfig;
  readonly logging: LoggingConfig;
  /** `Butler-SOS.cert`: how to call Qlik Sense services. */
  readonly certs: CertificatesConfig;
  /** `Butler-SOS.influxdbConfig`, when the file has it and it is enabled: the connection for queue metrics. */
  readonly influxdbConfig?: ConnectionSection;
  /** `destination.influxdb`, in use or not: their connection when there is no `influxdbConfig`. */
  readonly auditInfluxdb: ConnectionSection;
  /** All settings with their defaults, in the shape of the file, secrets masked: see `maskedConfig`. */
  readonly printable: Readonly<Record<string, unknown>>;
}

/** The ingest port. */
export interface HttpConfig {
  /** Name or address to listen on. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Each of them is let in; empty = no token is asked for. */
  readonly apiTokens: readonly string[];
  readonly cors: CorsConfig;
  readonly tls: TlsConfig;
  /** As Fastify takes it: nobody, everybody, a number of hops, or addresses and networks. */
  readonly trustProxy: boolean | number | readonly string[];
  readonly maxBodyBytes: number;
  /** Per client address; counts events. */
  readonly rateLimit: { readonly enable: boolean; readonly maxPerMinute: number };
  readonly queue: QueueConfig;
  readonly compatibility: CompatibilityConfig;
}

export interface CorsConfig {
  /** Normalised origins (`https://host[:port]`, lower case), or `*`. Empty = no CORS. */
  readonly allowedOrigins: readonly string[];
}

export interface TlsConfig {
  readonly enable: boolean;
  /** Files; both are there when `enable` is true. */
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly passphrase?: string;
  readonly minVersion: TlsVersion;
  /** Send `Strict-Transport-Security`. */
  readonly hsts: boolean;
}

export type TlsVersion = 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';

export interface QueueConfig {
  readonly messageQueue: {
    /** Events in processing after the log. */
    readonly maxConcurrent: number;
    /** Events that wait for the log. */
    readonly maxSize: number;
    /** Percent of `maxSize`. */
    readonly backpressureThreshold: number;
  };
  readonly rateLimit: { readonly enable: boolean; readonly maxMessagesPerMinute: number };
  readonly queueMetrics: {
    readonly influxdb: {
      readonly enable: boolean;
      /** Milliseconds. */
      readonly writeFrequency: number;
      readonly measurementName: string;
      readonly tags: readonly NamedValue[];
    };
  };
}

export interface NamedValue {
  readonly name: string;
  readonly value: string;
}

export interface CompatibilityConfig {
  /** A semver range that replaces the built-in one; undefined = the built-in matrix. */
  readonly auditQsVersionRange?: string;
  readonly onIncompatible: 'reject' | 'accept';
}

export interface EventLogConfig {
  readonly directory: string;
  /** A segment is closed once it has this many bytes. */
  readonly segmentBytes: number;
  /** Undefined = segments are kept for ever. */
  readonly retentionDays?: number;
  /** How long the ids of deleted segments are remembered; undefined = for ever. */
  readonly idRetentionDays?: number;
  /** Below this much free space client events get 503. */
  readonly minFreeBytes: number;
}

export interface DestinationConfig {
  /** Names its cursor and dead letters; the type, as there is one of each. */
  readonly name: string;
  /** The `type` of a `RegisteredDestination`. */
  readonly type: string;
  /** Where it begins when it is new to this log (rule 16). */
  readonly startFrom: 'earliest' | 'now';
  /** Has passed that destination's schema, defaults filled in: for `RegisteredDestination.open`. */
  readonly rawOptions: Readonly<Record<string, unknown>>;
}

/** The port where people and monitors read. */
export interface ViewerConfig {
  readonly enable: boolean;
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Further names that the `Host` header may have. */
  readonly allowedHosts: readonly string[];
  readonly tls: Omit<TlsConfig, 'hsts'>;
  readonly users: readonly ViewerUser[];
  readonly session: { readonly idleMinutes: number; readonly absoluteHours: number };
  readonly proxy: { readonly addresses: readonly string[]; readonly userHeader: string };
  /** Undefined: no identity provider is set up. */
  readonly oidc?: OidcConfig;
}

export interface OidcConfig {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret?: string;
  readonly label: string;
  readonly scopes: readonly string[];
  readonly userClaim: string;
  readonly roleClaim: string;
  readonly roles: readonly (ViewerRights & { readonly value: string })[];
  /** Undefined: `/login` under the name by which the page was opened. */
  readonly redirectUri?: string;
}

export interface ViewerRights {
  readonly role: 'reader' | 'admin';
  /** Undefined: all. */
  readonly apps?: readonly string[];
  readonly pictures: boolean;
  readonly objectData: boolean;
}

export interface ViewerUser extends ViewerRights {
  readonly name: string;
  /** Undefined: only proxy or identity provider bring this user in. */
  readonly passwordHash?: string;
}

export interface LoggingConfig {
  /** `verbose` and `silly` of Butler SOS are `debug` here. */
  readonly level: LogLevel;
  /** Also log into files here; undefined = only to the terminal. */
  readonly directory?: string;
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export interface CertificatesConfig extends CertificateFiles {
  /** `Butler-SOS.serversToMonitor.rejectUnauthorized`: check the certificates of Qlik Sense servers. */
  readonly rejectUnauthorized: boolean;
}

export type CertificateFiles = CertificatePaths;

export interface ScreenshotsConfig {
  readonly enable: boolean;
  /** Only those that are enabled. */
  readonly storageTargets: readonly { readonly type: 'flat' | 'dated'; readonly directory: string }[];
  /** What the annotated copy shows; all false = no annotated copy. */
  readonly addInImageMetadata: Readonly<Record<ImageFact, boolean>>;
  readonly auth: ScreenshotAuthConfig;
  /** Undefined = no list was given; empty = nothing is allowed. */
  readonly allowedImageDownloadHosts?: readonly string[];
  readonly allowHttpCredentials: boolean;
  readonly downloadTimeoutMs: number;
  readonly maxImageBytes: number;
  /** After this long an event is delivered without its picture. */
  readonly maxWaitMs: number;
  readonly maxConcurrent: number;
}

/** `qps.cert` is `auth.qps.cert`, else `Butler-SOS.cert`. */
export type ScreenshotAuthConfig = LoginOptions;

/** Where something is in the file; `line` and `column` from 1, 0 when it is not in a file. */
export interface ConfigNote {
  /** As written, such as `Butler-SOS.auditEvents.tls.cert`. */
  readonly path: string;
  readonly line: number;
  readonly column: number;
  readonly message: string;
}

/** What the command line says over the file. */
export interface ConfigOverrides {
  readonly host?: string;
  readonly port?: number;
  readonly viewerPort?: number;
  readonly logLevel?: LogLevel;
}

export interface LoadedConfig {
  readonly config: AuditConfig;
  /** Accepted without effect, or read in another way than one might think. */
  readonly notes: readonly ConfigNote[];
  /** What an operator should know at every start; see also `startupWarnings`. */
  readonly warnings: readonly ConfigNote[];
  /** For messages that name a line. */
  readonly settings: MappingSetting;
}
