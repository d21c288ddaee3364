import {
  AggregatorRegistry,
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from 'prom-client';
import type { Counter, Gauge, Histogram, Labels, Metrics } from '../../pipeline/ports/metrics.ts';

/** What one thread hands over so that another can render it together with its own. Plain data, survives postMessage. */
export type MetricsSnapshot = readonly object[];

class Cell implements Counter, Gauge {
  #value = 0;
  add(amount = 1): void {
    this.#value += amount;
  }
  set(value: number): void {
    this.#value = value;
  }
  value(): number {
    return this.#value;
  }
}

interface Family {
  readonly cells: Map<string, { readonly labels: Labels; readonly cell: Cell }>;
}

/** Counters and gauges are plain numbers on the hot path; `prom-client` copies them when somebody asks. */
export class PrometheusMetrics implements Metrics {
  readonly registry = new Registry();
  readonly #families = new Map<string, Family>();
  readonly #histograms = new Map<string, PromHistogram>();

  counter(name: string, help: string, labels: Labels = {}): Counter {
    return this.#cell(name, labels, (family) => {
      new PromCounter({
        name,
        help,
        labelNames: Object.keys(labels),
        registers: [this.registry],
        collect() {
          this.reset();
          for (const { labels, cell } of family.cells.values()) this.inc(labels, cell.value());
        },
      });
    });
  }

  gauge(name: string, help: string, labels: Labels = {}): Gauge {
    return this.#cell(name, labels, (family) => {
      new PromGauge({
        name,
        help,
        labelNames: Object.keys(labels),
        registers: [this.registry],
        collect() {
          for (const { labels, cell } of family.cells.values()) this.set(labels, cell.value());
        },
      });
    });
  }

  histogram(name: string, help: string, buckets: readonly number[], labels: Labels = {}): Histogram {
    let histogram = this.#histograms.get(name);
    if (histogram === undefined) {
      histogram = new PromHistogram({
        name,
        help,
        buckets: [...buckets],
        labelNames: Object.keys(labels),
        registers: [this.registry],
      });
      this.#histograms.set(name, histogram);
    }
    const bound = histogram.labels(labels);
    return { observe: (value) => bound.observe(value) };
  }

  async snapshot(): Promise<MetricsSnapshot> {
    return this.registry.getMetricsAsJSON();
  }

  #cell(name: string, labels: Labels, register: (family: Family) => void): Cell {
    let family = this.#families.get(name);
    if (family === undefined) {
      family = { cells: new Map() };
      this.#families.set(name, family);
      register(family);
    }
    const key = JSON.stringify(labels);
    const known = family.cells.get(key);
    if (known !== undefined) return known.cell;
    const cell = new Cell();
    family.cells.set(key, { labels, cell });
    return cell;
  }
}

/** The Prometheus text format of several threads' snapshots together. */
export async function renderMetrics(snapshots: readonly MetricsSnapshot[]): Promise<string> {
  return AggregatorRegistry.aggregate(snapshots.map((snapshot) => [...snapshot])).metrics();
}

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
