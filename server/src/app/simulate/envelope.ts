/** The version of Audit.qs that the simulator claims to be. */
export const SIMULATED_VERSION = '0.3.2';

/** The body of one POST, as Audit.qs sends it: facts about the place in `payload.context`, about the event in `payload.event`. */
export interface SimulatedEnvelope {
  readonly schemaVersion: 1;
  readonly eventId: string;
  readonly timestamp: string;
  /** The selection transaction, or before the first one the data state as text. */
  readonly correlationId: string;
  readonly type: SimulatedType;
  readonly source: { readonly kind: 'qlik-sense-extension'; readonly name: 'audit-qs'; readonly version: string };
  readonly payload: {
    readonly timestamp: string;
    readonly context: SimulatedContext;
    readonly event: Readonly<Record<string, unknown>>;
  };
}

export type SimulatedType =
  | 'navigation.sheet.loaded'
  | 'selection.state.changed'
  | 'app.model.validated'
  | 'screenshot.url.received'
  | 'event.unsupported.visualization'
  | 'object.visibility.changed'
  | 'object.view.duration'
  | 'event.bookmark';

export interface SimulatedContext {
  readonly appId: string;
  readonly appName: string;
  readonly user: string;
  readonly userAgent: string;
  readonly sheetId: string;
  readonly sheetName: string;
}
