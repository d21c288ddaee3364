import type { HostStatus } from './screenshot-queue.ts';

/** As `/api/v1/status` shows it. */
export type ScreenshotStatus =
  /** Nothing is fetched: switched off, or there is no folder. */
  | { readonly state: 'off' }
  | {
      /** `paused`: the disk is nearly full (rule 8). */
      readonly state: 'running' | 'paused';
      /** Events that await their picture; null while the table that knows is built again. */
      readonly waiting: number | null;
      readonly inFlight: number;
      /** Since the start. */
      readonly saved: number;
      readonly failed: number;
      /** Those from which pictures are awaited, failing ones first; at most 20. */
      readonly hosts: readonly HostStatus[];
    };

const MAX_HOSTS = 20;

export function shownHosts(hosts: readonly HostStatus[]): readonly HostStatus[] {
  return [...hosts].sort((a, b) => a.state.localeCompare(b.state) || b.waiting - a.waiting).slice(0, MAX_HOSTS);
}
