import type { ScreenshotsConfig } from './config.ts';

/** Decides for each event as it comes in whether it awaits a picture (rule 2), and whether anybody fetches them. */
export function arePicturesFetched({ enable, storageTargets }: ScreenshotsConfig): boolean {
  return enable && storageTargets.length > 0;
}
