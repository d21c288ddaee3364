import { epochMillis, toIsoString } from '../../domain/epoch-millis.ts';
import type { DeadLetter, DeadLetterFilter, DeadLetters } from '../../pipeline/ports/dead-letters.ts';
import { loadCommandConfig, openState } from './command-config.ts';
import { CommandFailure } from './exit-codes.ts';
import { carryOut } from './operator-request.ts';
import { print, writeJsonLines } from './output.ts';
import type { CommonOptions, DeadLetterOptions } from './program.ts';
import { formatTable } from './table.ts';

const PAGE = 500;

export async function deadLettersList(
  options: CommonOptions & DeadLetterOptions & { readonly json?: true },
): Promise<void> {
  const state = openState(loadCommandConfig(options).config);
  try {
    const letters = pages(state.deadLetters, filterOf(options));
    if (options.json) {
      writeJsonLines(letters, undefined);
      return;
    }
    const rows = [...letters].map((letter) => [
      letter.id,
      letter.destination,
      letter.range.first === letter.range.last ? `${letter.range.first}` : `${letter.range.first}-${letter.range.last}`,
      letter.eventId ?? '',
      letter.eventType ?? '',
      letter.code,
      toIsoString(epochMillis(letter.at)),
      letter.message,
    ]);
    const { destination } = options;
    if (rows.length === 0 && destination !== undefined && state.destinations.get(destination) === undefined) {
      throw new CommandFailure(`No destination is called ${destination}; see "destinations list".`);
    }
    print(
      formatTable(['id', 'destination', 'sequence', 'event id', 'type', 'code', 'at', 'reason'], rows) ||
        'No dead letters.\n',
    );
  } finally {
    state.close();
  }
}

export async function deadLettersExport(
  options: CommonOptions & DeadLetterOptions & { readonly output?: string },
): Promise<void> {
  const state = openState(loadCommandConfig(options).config);
  try {
    const count = writeJsonLines(pages(state.deadLetters, filterOf(options)), options.output);
    if (options.output !== undefined) print(`${count} dead letters written to ${options.output}\n`);
  } finally {
    state.close();
  }
}

/** One request for each destination that has some. */
export async function deadLettersRetry(options: CommonOptions & DeadLetterOptions): Promise<void> {
  const loaded = loadCommandConfig(options);
  const state = openState(loaded.config);
  const chosen = new Map<string, number[]>();
  try {
    for (const { destination, id } of pages(state.deadLetters, filterOf(options))) {
      chosen.set(destination, [...(chosen.get(destination) ?? []), id]);
    }
  } finally {
    state.close();
  }
  if (chosen.size === 0) throw new CommandFailure('No dead letters match.');
  const all = options.code === undefined && options.id === undefined;
  for (const [destination, ids] of chosen) {
    await carryOut(loaded, { kind: 'retry-dead-letters', destination, ...(all ? {} : { ids }) });
  }
}

function filterOf({ destination, code, id }: DeadLetterOptions): DeadLetterFilter {
  return {
    ...(destination === undefined ? {} : { destination }),
    ...(code === undefined ? {} : { code }),
    ...(id === undefined ? {} : { ids: id }),
  };
}

function* pages(letters: DeadLetters, filter: DeadLetterFilter): Generator<DeadLetter> {
  let afterId = 0;
  for (;;) {
    const page = letters.list(filter, { afterId, limit: PAGE });
    yield* page;
    const last = page.at(-1);
    if (last === undefined || page.length < PAGE) return;
    afterId = last.id;
  }
}
