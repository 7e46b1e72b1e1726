/** The panels of the page, in reading order. Adding one is a file and a line here. */

import type { MakePanel } from '../view.ts';
import { charts } from './charts.ts';
import { cityMap } from './city-map.ts';
import { gateway } from './gateway.ts';
import { devicesFigure, enterprisesFigure, latencyFigure, rateFigure } from './key-figures.ts';
import { ledger } from './ledger.ts';
import { deadLetters, refusals } from './refusals.ts';

export const panels: readonly MakePanel[] = [
  devicesFigure,
  enterprisesFigure,
  rateFigure,
  latencyFigure,
  cityMap,
  ledger,
  gateway,
  charts,
  refusals,
  deadLetters,
];
