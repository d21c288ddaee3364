/** Plain data; the same members as the `http` part of the configuration. */
export interface HttpApiOptions {
  /** Name or address to listen on. */
  readonly host: string;
  /** 0 = any free port. */
  readonly port: number;
  /** Each of them is let in; empty = no token is asked for. */
  readonly apiTokens: readonly string[];
  /** Origins, or `*`; empty = no CORS. */
  readonly cors: { readonly allowedOrigins: readonly string[] };
  readonly tls: TlsOptions;
  /** Whose `X-Forwarded-For` is believed: nobody's, everybody's, that of so many hops, or of these addresses and networks. */
  readonly trustProxy: boolean | number | readonly string[];
  readonly maxBodyBytes: number;
  /** Per client; counts events. */
  readonly rateLimit: { readonly enable: boolean; readonly maxPerMinute: number };
  readonly timeouts?: Partial<Timeouts>;
  /** As many as the files that this process may open leave room for, if not given. */
  readonly maxConnections?: number;
}

export interface TlsOptions {
  readonly enable: boolean;
  /** PEM files; `cert` and `key` are needed when enabled. */
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly passphrase?: string;
  readonly minVersion: 'TLSv1' | 'TLSv1.1' | 'TLSv1.2' | 'TLSv1.3';
  /** Send `Strict-Transport-Security`. */
  readonly hsts: boolean;
}

export interface Timeouts {
  /** From the first byte of a connection or request to the end of its headers. */
  readonly headersMs: number;
  /** To the end of the body. */
  readonly requestMs: number;
  /** Between two requests of a connection. */
  readonly keepAliveMs: number;
  /** How often connections are looked through for the above. */
  readonly checkMs: number;
  /** How often the files of the certificate are looked at. */
  readonly certificateCheckMs: number;
}

export const DEFAULT_TIMEOUTS: Timeouts = {
  headersMs: 15_000,
  requestMs: 60_000,
  keepAliveMs: 72_000,
  checkMs: 5_000,
  certificateCheckMs: 10_000,
};
