import type { ComponentChildren } from 'preact';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'preact/hooks';
import { isTyping } from '../shell/shortcuts.tsx';

export interface VirtualRow {
  readonly key: string;
  readonly height: number;
  /** False for headings, which arrows pass over. */
  readonly isItem: boolean;
  readonly render: () => ComponentChildren;
}

interface VirtualListProps {
  readonly label: string;
  readonly className: string;
  readonly rows: readonly VirtualRow[];
  /** How many there are, as far as is known. */
  readonly itemCount: number;
  /** Where the list was scrolled to is kept under it. */
  readonly scrollKey: string;
  readonly nearEnd: () => void;
}

const OVERSCAN_PX = 400;
const NEAR_END_PX = 1600;
const scrolledTo = new Map<string, number>();
/** The key of the row that had the focus last. */
const focusedAt = new Map<string, string>();

/**
 * Draws only the rows that can be seen. The page's main area scrolls. Arrows, j and k, Home and End move the focus from
 * row to row; a row holds one link, so Enter opens it. Arrows, j and k enter the list when nothing else has the focus;
 * who comes back finds the focus where it was.
 */
export function VirtualList({ label, className, rows, itemCount, scrollKey, nearEnd }: VirtualListProps) {
  const list = useRef<HTMLOListElement>(null);
  const [seen, setSeen] = useState({ top: 0, bottom: 1200 });
  const [focused, setFocused] = useState(-1);
  /** Where the focus is, or is on its way to: keys may come faster than drawings. */
  const target = useRef({ row: -1, isOnItsWay: false });
  const tops = useMemo(() => topsOf(rows), [rows]);
  const height = tops.at(-1) ?? 0;
  useLayoutEffect(() => {
    const scroller = list.current?.closest('.main');
    if (!(scroller instanceof HTMLElement)) return;
    const kept = scrolledTo.get(scrollKey);
    if (kept !== undefined) scroller.scrollTop = kept;
    const look = () => {
      const offset = offsetWithin(list.current, scroller);
      scrolledTo.set(scrollKey, scroller.scrollTop);
      setSeen({ top: scroller.scrollTop - offset, bottom: scroller.scrollTop - offset + scroller.clientHeight });
    };
    look();
    scroller.addEventListener('scroll', look, { passive: true });
    const resized = new ResizeObserver(look);
    resized.observe(scroller);
    return () => {
      scroller.removeEventListener('scroll', look);
      resized.disconnect();
    };
  }, [scrollKey]);
  useEffect(() => {
    if (seen.bottom > height - NEAR_END_PX) nearEnd();
  }, [seen.bottom, height, nearEnd]);
  const enter = useRef((_event: KeyboardEvent) => {});
  useLayoutEffect(() => {
    const kept = focusedAt.get(scrollKey);
    const row = kept === undefined ? -1 : rows.findIndex(({ key }) => key === kept);
    target.current = { row, isOnItsWay: false };
    setFocused(row);
    if (row !== -1 && hasNoFocus()) requestAnimationFrame(() => hasNoFocus() && focusRow(list.current, row));
    const listener = (event: KeyboardEvent) => enter.current(event);
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, [scrollKey]);
  const first = rowAt(tops, seen.top - OVERSCAN_PX);
  const last = rowAt(tops, seen.bottom + OVERSCAN_PX);
  const drawn = rows.slice(first, last + 1).map((row, at) => ({ row, at: first + at }));
  const focusedRow = rows[focused];
  // the row that has the focus must not vanish under it
  if (focusedRow !== undefined && (focused < first || focused > last)) drawn.push({ row: focusedRow, at: focused });
  const move = (event: KeyboardEvent) => {
    const to = targetOf(event.key, target.current.row, rows);
    if (to === undefined || isTyping(event.target)) return;
    event.preventDefault();
    if (to === -1) {
      document.querySelector<HTMLElement>('#search-box')?.focus();
      return;
    }
    setFocused(to);
    const isOnItsWay = target.current.isOnItsWay;
    target.current = { row: to, isOnItsWay: true };
    if (isOnItsWay) return;
    requestAnimationFrame(() => {
      target.current.isOnItsWay = false;
      focusRow(list.current, target.current.row);
      list.current?.querySelector(`[data-row="${target.current.row}"] a`)?.scrollIntoView({ block: 'nearest' });
    });
  };
  enter.current = (event) => {
    const hasModifier = event.ctrlKey || event.metaKey || event.altKey;
    if (event.defaultPrevented || hasModifier || !hasNoFocus() || !ENTERING.has(event.key)) return;
    if (document.querySelector('dialog[open]') !== null) return;
    const top = tops[target.current.row] ?? -1;
    // whoever scrolled goes on at what can be seen
    if (seen.top > 0 && (top < seen.top || top > seen.bottom)) target.current.row = rowAt(tops, seen.top);
    move(event);
  };
  let position = 0;
  const positions = rows.map((row) => (row.isItem ? ++position : 0));
  return (
    <ol
      ref={list}
      class={`virtual-list ${className}`}
      aria-label={label}
      style={{ height: `${height}px` }}
      onKeyDown={move}
      onFocusIn={(event) => {
        const row = event.target instanceof Element ? event.target.closest('[data-row]') : null;
        if (!(row instanceof HTMLElement) || target.current.isOnItsWay) return;
        target.current.row = Number(row.dataset.row);
        setFocused(target.current.row);
        focusedAt.set(scrollKey, rows[target.current.row]?.key ?? '');
      }}
    >
      {drawn.map(({ row, at }) => (
        <li
          key={row.key}
          data-row={at}
          class={row.isItem ? 'virtual-item' : 'virtual-heading'}
          aria-setsize={row.isItem ? itemCount : undefined}
          aria-posinset={row.isItem ? positions[at] : undefined}
          style={{ transform: `translateY(${tops[at] ?? 0}px)`, height: `${row.height}px` }}
        >
          {row.render()}
        </li>
      ))}
    </ol>
  );
}

const ENTERING: ReadonlySet<string> = new Set(['ArrowDown', 'ArrowUp', 'j', 'k']);

function hasNoFocus(): boolean {
  return document.activeElement === document.body || document.activeElement?.id === 'main';
}

function focusRow(list: HTMLElement | null, row: number): void {
  list?.querySelector<HTMLElement>(`[data-row="${row}"] a`)?.focus({ preventScroll: true });
}

/** Where each row begins, and where the last one ends. */
function topsOf(rows: readonly VirtualRow[]): readonly number[] {
  let top = 0;
  return [0, ...rows.map(({ height }) => (top += height))];
}

function rowAt(tops: readonly number[], y: number): number {
  let low = 0;
  let high = Math.max(0, tops.length - 2);
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((tops[middle] ?? 0) <= y) low = middle;
    else high = middle - 1;
  }
  return low;
}

function offsetWithin(element: HTMLElement | null, scroller: HTMLElement): number {
  if (element === null) return 0;
  return element.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop;
}

/** -1: above the first row. Undefined: not a key of ours. */
function targetOf(key: string, from: number, rows: readonly VirtualRow[]): number | undefined {
  const steps: Readonly<Record<string, readonly [start: number, step: number]>> = {
    ArrowDown: [from + 1, 1],
    j: [from + 1, 1],
    ArrowUp: [from - 1, -1],
    k: [from - 1, -1],
    Home: [0, 1],
    End: [rows.length - 1, -1],
  };
  const move = Object.hasOwn(steps, key) ? steps[key] : undefined;
  if (move === undefined) return undefined;
  const [start, step] = move;
  for (let at = start; at >= 0 && at < rows.length; at += step) if (rows[at]?.isItem) return at;
  return step === -1 ? -1 : from;
}
