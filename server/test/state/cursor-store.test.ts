import { describeCursorStore } from '../conformance/cursor-store.ts';
import { MemoryCursorStore } from '../support/memory-cursor-store.ts';
import { openStateFolder } from './state-folder.ts';

describeCursorStore('SQLite', () => {
  const folder = openStateFolder();
  return {
    store: folder.open().cursors,
    reopen: () => folder.open().cursors,
    deadLetters: () =>
      folder
        .open()
        .deadLetters.list({}, { limit: 100 })
        .map((d) => `${d.destination} ${d.range.first}-${d.range.last} ${d.code}`),
    close: () => folder.remove(),
  };
});

describeCursorStore('in memory', () => {
  const store = new MemoryCursorStore();
  return {
    store,
    reopen: () => store,
    deadLetters: () =>
      store.rejections.map(
        ({ destination, rejection: { range, error } }) => `${destination} ${range.first}-${range.last} ${error.code}`,
      ),
    close: () => undefined,
  };
});
