/** Lines over the last minutes on a canvas: values as they are, gaps as gaps, nothing smoothed. */

import { linearAxis, logAxis } from './axis.ts';

export interface Series {
  /** A custom property of the page's style, like `--accent`. */
  readonly colour: string;
  readonly dashed?: boolean;
  readonly filled?: boolean;
}

export interface ChartOptions {
  readonly series: readonly Series[];
  /** A logarithmic axis has whole decades and no 0. */
  readonly scale: 'linear' | 'log';
  readonly yLabel: (value: number) => string;
  readonly xLabel: (minutesAgo: number) => string;
}

/** A value for each series, null where there is none. */
export interface Moment {
  readonly atMs: number;
  readonly values: readonly (number | null)[];
}

/** The axis shows the first of these that holds all there is, in minutes. */
const windowsMin = [1, 2, 5, 10];
/** Snapshots come each second; a longer silence is a gap. */
const gapMs = 3500;

interface Frame {
  readonly context: CanvasRenderingContext2D;
  readonly style: CSSStyleDeclaration;
  readonly fontPx: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly nowMs: number;
  readonly windowMs: number;
  readonly moments: readonly Moment[];
  x(atMs: number): number;
}

/** Draws on its own canvas, which has the pixels of its box times the device's pixel ratio. */
export class Chart {
  readonly canvas = document.createElement('canvas');
  readonly #options: ChartOptions;
  #moments: readonly Moment[] = [];

  constructor(options: ChartOptions) {
    this.#options = options;
    this.canvas.className = 'chart';
    this.canvas.setAttribute('role', 'img');
    new ResizeObserver(() => this.#draw()).observe(this.canvas);
  }

  /** `description` is the chart in words, for those who do not see it. */
  show(moments: readonly Moment[], description: string): void {
    this.#moments = moments;
    this.canvas.setAttribute('aria-label', description);
    this.#draw();
  }

  #draw(): void {
    const frame = this.#frame();
    if (frame === null) return;
    const y = this.#valueAxis(frame);
    this.#timeAxis(frame);
    this.#options.series.forEach((series, index) => {
      strokeSeries(frame, series, (moment) => moment.values[index] ?? null, y);
    });
  }

  /** A cleared canvas and its measures; null while it has no box. */
  #frame(): Frame | null {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const context = this.canvas.getContext('2d');
    if (context === null || width === 0 || height === 0) return null;
    const ratio = window.devicePixelRatio;
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== across) this.canvas.width = across;
    if (this.canvas.height !== down) this.canvas.height = down;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    const style = getComputedStyle(this.canvas);
    const fontPx = Number.parseFloat(style.fontSize);
    context.font = `${fontPx}px ${style.fontFamily}`;
    context.textBaseline = 'middle';
    const nowMs = this.#moments.at(-1)?.atMs ?? 0;
    const windowMs = windowFor(nowMs - (this.#moments[0]?.atMs ?? nowMs));
    const sinceMs = nowMs - windowMs;
    const left = fontPx * 4.2;
    const right = width - fontPx * 0.4;
    return {
      context,
      style,
      fontPx,
      left,
      right,
      top: fontPx * 0.7,
      bottom: height - fontPx * 1.7,
      nowMs,
      windowMs,
      moments: this.#moments.filter((moment) => moment.atMs >= sinceMs),
      x: (atMs) => left + ((atMs - sinceMs) / windowMs) * (right - left),
    };
  }

  /** Grid lines with their labels; returns where a value lies. */
  #valueAxis({ context, style, moments, left, right, top, bottom }: Frame) {
    const values = moments.flatMap((moment) => moment.values.filter((value) => value !== null));
    const ticks: number[] = [];
    let share: (value: number) => number;
    if (this.#options.scale === 'log') {
      const { low, high } = logAxis(values);
      for (let tick = low; tick < high * 1.01; tick *= 10) ticks.push(tick);
      share = (value) => Math.log10(Math.max(value, low) / low) / Math.log10(high / low);
    } else {
      const axis = linearAxis(Math.max(0, ...values));
      for (let tick = 0; tick < axis.top + axis.step / 2; tick += axis.step) ticks.push(tick);
      share = (value) => value / axis.top;
    }
    const y = (value: number): number => bottom - share(value) * (bottom - top);
    context.fillStyle = style.getPropertyValue('--secondary');
    context.strokeStyle = style.getPropertyValue('--line');
    context.lineWidth = 1;
    context.textAlign = 'right';
    for (const tick of ticks) {
      const at = Math.round(y(tick)) + 0.5;
      context.beginPath();
      context.moveTo(left, at);
      context.lineTo(right, at);
      context.stroke();
      context.fillText(this.#options.yLabel(tick), left * 0.87, at);
    }
    return y;
  }

  #timeAxis({ context, style, fontPx, x, nowMs, windowMs, bottom }: Frame): void {
    const minutes = windowMs / 60_000;
    context.fillStyle = style.getPropertyValue('--secondary');
    const step = minutes > 5 ? 2 : 1;
    for (let ago = 0; ago <= minutes; ago += step) {
      context.textAlign = ago === 0 ? 'right' : ago === minutes ? 'left' : 'center';
      context.fillText(this.#options.xLabel(ago), x(nowMs - ago * 60_000), bottom + fontPx * 1.2);
    }
  }
}

function windowFor(spanMs: number): number {
  const minutes = windowsMin.find((size) => size * 60_000 >= spanMs);
  return (minutes ?? windowsMin.at(-1)!) * 60_000;
}

function strokeSeries(
  { context, style, fontPx, moments, bottom, x }: Frame,
  series: Series,
  valueAt: (moment: Moment) => number | null,
  y: (value: number) => number,
): void {
  const colour = style.getPropertyValue(series.colour);
  const line = new Path2D();
  const area = new Path2D();
  let previousMs: number | null = null;
  const land = (): void => {
    if (previousMs !== null) area.lineTo(x(previousMs), bottom);
    previousMs = null;
  };
  for (const moment of moments) {
    const value = valueAt(moment);
    if (value === null || (previousMs !== null && moment.atMs - previousMs > gapMs)) land();
    if (value === null) continue;
    const point = [x(moment.atMs), y(value)] as const;
    if (previousMs === null) {
      line.moveTo(...point);
      area.moveTo(point[0], bottom);
    } else line.lineTo(...point);
    area.lineTo(...point);
    previousMs = moment.atMs;
  }
  land();
  if (series.filled) {
    context.globalAlpha = 0.18;
    context.fillStyle = colour;
    context.fill(area);
    context.globalAlpha = 1;
  }
  context.strokeStyle = colour;
  context.lineWidth = fontPx / 6;
  context.lineJoin = 'round';
  context.setLineDash(series.dashed ? [fontPx / 2, fontPx / 3] : []);
  context.stroke(line);
  context.setLineDash([]);
}
