/** Line drawings on a grid of 24; decoration, so hidden from screen readers. */
const DRAWINGS = {
  search: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM16 16l4.5 4.5',
  story: 'M4 6h9M4 12h5M13 12h7M4 18h12',
  insights: 'M5 20v-6M12 20V4M19 20v-9',
  live: 'M12 10.5a1.5 1.5 0 1 0 0 3 1.5 1.5 0 0 0 0-3ZM7.8 16.2a6 6 0 0 1 0-8.4M16.2 7.8a6 6 0 0 1 0 8.4M4.9 19.1a10 10 0 0 1 0-14.2M19.1 4.9a10 10 0 0 1 0 14.2',
  system: 'M4 5h16v6H4ZM4 13h16v6H4ZM7.5 8h.01M7.5 16h.01',
  user: 'M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM4.5 20a7.5 7.5 0 0 1 15 0',
  app: 'M4 4h7v7H4ZM13 4h7v7h-7ZM4 13h7v7H4ZM13 13h7v7h-7Z',
  sheet: 'M4 5h16v14H4ZM4 10h16M10 10v9',
  object: 'M4 4h16v16H4ZM8 16v-4M12 16V8M16 16v-6',
  selection: 'M4 6h16M7 12h10M10 18h4',
  model: 'M5 12.5l4.5 4.5L19 7.5',
  picture: 'M4 5h16v14H4ZM4 16l5-5 4 4 2.5-2.5L20 17M15 9.5h.01',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5Z',
  clock: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 8v4l3 2',
  open: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  bookmark: 'M6 4h12v16l-6-4.5L6 20Z',
  unsupported: 'M4 5h16v14H4ZM4 19 20 5',
  server: 'M12 3l7.5 3v6c0 4.5-3 7.5-7.5 9-4.5-1.5-7.5-4.5-7.5-9V6Z',
  event: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 11.5a.5.5 0 1 0 0 1 .5.5 0 0 0 0-1Z',
  transaction: 'M6 4v16M6 7h8M6 12h12M6 17h6',
  calendar: 'M4 6h16v14H4ZM4 10.5h16M8 3.5V8M16 3.5V8',
  download: 'M12 4v11M7.5 10.5 12 15l4.5-4.5M5 20h14',
  close: 'M6 6l12 12M18 6 6 18',
  copy: 'M9 9h11v11H9ZM5 15H4V4h11v1',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  left: 'M14.5 6l-6 6 6 6',
  right: 'M9.5 6l6 6-6 6',
  down: 'M6 9.5l6 6 6-6',
  pause: 'M8.5 5v14M15.5 5v14',
  play: 'M7.5 4.5 19 12 7.5 19.5Z',
  warning: 'M12 4 2.8 20h18.4ZM12 10v4.5M12 17.2h.01',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM12 2.5V5M12 19v2.5M2.5 12H5M19 12h2.5M5.3 5.3 7 7M17 17l1.7 1.7M5.3 18.7 7 17M17 7l1.7-1.7',
  moon: 'M19.5 14.5A8 8 0 0 1 9.5 4.5a8 8 0 1 0 10 10Z',
  auto: 'M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16ZM12 4v16M12 8h5.5M12 12h8M12 16h5.5',
  exit: 'M14 4H5v16h9M10 12h10M16.5 8.5 20 12l-3.5 3.5',
  help: 'M12 3.5a8.5 8.5 0 1 0 0 17 8.5 8.5 0 0 0 0-17ZM9.5 9.5A2.5 2.5 0 1 1 12 12.5v1M12 16.5h.01',
  retry: 'M19.5 5v5h-5M19.5 10a8 8 0 1 0 .4 4',
  zoom: 'M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14ZM16 16l4.5 4.5M8 11h6M11 8v6',
  lock: 'M6 11h12v9H6ZM8.5 11V8a3.5 3.5 0 0 1 7 0v3',
  key: 'M8 11a4 4 0 1 0 0 8 4 4 0 0 0 0-8ZM11 12l8-8M16 7l3 3',
  filter: 'M4 5h16l-6 7.5V19l-4-2v-4.5Z',
  hash: 'M5 9h15M4 15h15M10 4 8 20M16 4l-2 16',
} as const;

export type IconName = keyof typeof DRAWINGS;

export function Icon({ name, size = 18 }: { readonly name: IconName; readonly size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={DRAWINGS[name]} />
    </svg>
  );
}
