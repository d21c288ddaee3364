import { membersOf } from '../../domain/payload-member.ts';
import type { JsonSchema, RegisteredDestination } from '../../pipeline/ports/destination.ts';
import { typeNames } from './check-meaning.ts';
import { screenshotWarnings } from './check-screenshots.ts';
import type { ConfigNote } from './config.ts';
import { originOf } from './origin.ts';
import { propertiesOf } from './schema/section.ts';
import { UNAVAILABLE_DESTINATIONS } from './schema/unavailable-destinations.ts';
import { type MappingSetting, plainValue, problem, type Setting, settingAt } from './setting.ts';

const AUDIT_EVENTS = ['Butler-SOS', 'auditEvents'];

/** Settings that Butler SOS 15 knows and that do nothing here, and sections of destinations that are not in use. */
export function notesOn(root: MappingSetting, schema: JsonSchema): readonly ConfigNote[] {
  return [...ignoredSettings(root, schema), ...unusedDestinations(root)];
}

/** What is configured and will not happen. */
export function warningsOn(root: MappingSetting, registered: readonly RegisteredDestination[]): readonly ConfigNote[] {
  return [
    ...nothingForUs(root),
    ...unavailableDestinations(root, registered),
    ...picturesWithoutFolder(root),
    ...screenshotWarnings(root),
    ...strangeOrigins(root),
    ...strangeTokens(root),
  ];
}

function ignoredSettings(setting: Setting, schema: JsonSchema): readonly ConfigNote[] {
  if (schema['x-ignored'] !== undefined) return [problem(setting, `has no effect: ${String(schema['x-ignored'])}`)];
  if (setting.kind !== 'mapping') return [];
  return Object.entries(propertiesOf(schema)).flatMap(([key, below]) => {
    const found = setting.entries.get(key);
    return found === undefined ? [] : ignoredSettings(found, below);
  });
}

function unusedDestinations(root: MappingSetting): readonly ConfigNote[] {
  const destination = settingAt(root, [...AUDIT_EVENTS, 'destination']);
  if (destination?.kind !== 'mapping' || valueIn(destination, 'enable') !== true) return [];
  const used = typeNames(valueIn(destination, 'type') ?? 'influxdb');
  return [...destination.entries]
    .filter(([key, setting]) => setting.kind === 'mapping' && !used.includes(key))
    .map(([key, setting]) => problem(setting, `is not in use: destination.type does not name ${key}`));
}

function nothingForUs(root: MappingSetting): readonly ConfigNote[] {
  if (settingAt(root, AUDIT_EVENTS) !== undefined) return [];
  return [
    problem(root, 'The file has no Butler-SOS.auditEvents: every setting has its default, no destination is in use.'),
  ];
}

function unavailableDestinations(
  root: MappingSetting,
  registered: readonly RegisteredDestination[],
): readonly ConfigNote[] {
  const destination = settingAt(root, [...AUDIT_EVENTS, 'destination']);
  if (destination?.kind !== 'mapping' || valueIn(destination, 'enable') !== true) return [];
  const place = destination.entries.get('type') ?? destination;
  const available = new Set(registered.map(({ type }) => type));
  const unavailable = new Set(UNAVAILABLE_DESTINATIONS.map(({ type }) => type).filter((type) => !available.has(type)));
  return typeNames(valueIn(destination, 'type') ?? 'influxdb')
    .filter((type) => unavailable.has(type))
    .map((type) =>
      problem(
        place,
        `destination ${type}: not available in this version, its events are kept in the log and delivered once it is`,
      ),
    );
}

/** Switched on, and nowhere to put them. */
function picturesWithoutFolder(root: MappingSetting): readonly ConfigNote[] {
  const screenshots = settingAt(root, [...AUDIT_EVENTS, 'screenshots']);
  if (screenshots?.kind !== 'mapping' || valueIn(screenshots, 'enable') !== true) return [];
  const targets = valueIn(screenshots, 'storageTargets');
  const isUsed = (target: unknown) => {
    const { enable, directory } = membersOf(target);
    return enable !== false && directory !== '';
  };
  if (Array.isArray(targets) && targets.some(isUsed)) return [];
  const place = screenshots.entries.get('storageTargets') ?? screenshots;
  return [
    problem(place, 'pictures are not downloaded: no folder is enabled in storageTargets; their events are delivered'),
  ];
}

function strangeOrigins(root: MappingSetting): readonly ConfigNote[] {
  const origins = settingAt(root, [...AUDIT_EVENTS, 'cors', 'allowedOrigins']);
  if (origins?.kind !== 'list') return [];
  return origins.items.flatMap((item) => {
    if (item.kind !== 'scalar' || typeof item.value !== 'string' || item.value === '*') return [];
    const fault = originOf(item.value) === undefined ? 'is no origin' : item.value.includes('*') && 'has a placeholder';
    if (fault === false) return [];
    return [
      problem(item, `"${item.value}" ${fault} and allows no page; write it as https://host or https://host:port`),
    ];
  });
}

function strangeTokens(root: MappingSetting): readonly ConfigNote[] {
  const token = settingAt(root, [...AUDIT_EVENTS, 'apiToken']);
  return (token?.kind === 'list' ? token.items : [token]).flatMap((one) => {
    if (one?.kind !== 'scalar' || !/[\u{100}-\u{10ffff}]/u.test(String(one.value))) return [];
    return [problem(one, 'holds characters that browsers cannot send in a header; use letters and digits of ASCII')];
  });
}

function valueIn(mapping: MappingSetting, key: string): unknown {
  const setting = mapping.entries.get(key);
  return setting === undefined ? undefined : plainValue(setting);
}
