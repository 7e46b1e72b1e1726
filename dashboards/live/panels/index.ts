/** The panels of the page, in reading order. Adding one is a file and a line here. */

import type { MakePanel } from '../view.ts';
import { charts } from './charts.ts';
import { cityMap } from './city-map.ts';
import { gateway } from './gateway.ts';
import { ledger } from './ledger.ts';
import { definitions, devicesFigure, enterprisesFigure } from './onboarding.ts';
import { deadLetters, refusals } from './refusals.ts';
import { latencyFigure, rateFigure } from './speed.ts';

export const panels: readonly MakePanel[] = [
  enterprisesFigure,
  devicesFigure,
  rateFigure,
  latencyFigure,
  cityMap,
  ledger,
  gateway,
  charts,
  refusals,
  deadLetters,
  definitions,
];
