/** Paths of PEM files. */
export interface CertificatePaths {
  readonly clientCert?: string;
  readonly clientCertKey?: string;
  readonly clientCertCA?: string;
  readonly clientCertPassphrase?: string;
}

/** How to log in; `auth` of the configuration. */
export interface LoginOptions {
  /** `qpsTicket`: as the user of `qps`. `userTicket`: as the user whom the event is about. */
  readonly mode: 'none' | 'qpsTicket' | 'userTicket';
  readonly qps: {
    readonly host?: string;
    readonly port: number;
    readonly userDirectory?: string;
    readonly userId?: string;
    /** Undefined or empty: from the URL of the screenshot; `/`: the default virtual proxy. */
    readonly virtualProxy?: string;
    readonly ticketTimeoutMs: number;
    readonly cert: CertificatePaths;
  };
  readonly sessionCache: { readonly enable: boolean; readonly ttlSeconds: number; readonly maxEntries: number };
  /** Undefined: the usual names. */
  readonly sessionCookieName?: string;
  readonly allowedPaths: readonly string[];
  /** `DIRECTORY\user`. */
  readonly deniedUsers: readonly string[];
}

/** `screenshots` of the configuration, and what of its surroundings matters here. */
export interface ScreenshotSourceOptions {
  readonly auth: LoginOptions;
  /** `host` or `host:port`. Undefined: no list was given; empty: nothing is allowed. */
  readonly allowedImageDownloadHosts?: readonly string[];
  /** `cors.allowedOrigins`. */
  readonly allowedOrigins: readonly string[];
  readonly allowHttpCredentials: boolean;
  readonly downloadTimeoutMs: number;
  readonly maxImageBytes: number;
  /** False: certificates of Qlik Sense servers are not checked. */
  readonly rejectUnauthorized: boolean;
}
