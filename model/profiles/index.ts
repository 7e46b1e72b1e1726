/** The built-in profiles. Adding one is a file here and a line in the list below. */

import type { DeviceProfile } from '../profile.ts';
import { agv } from './agv.ts';
import { airCompressor } from './air-compressor.ts';
import { airJetLoom } from './air-jet-loom.ts';
import { boilerCems } from './boiler-cems.ts';
import { cncMachiningCentre } from './cnc-machining-centre.ts';
import { envSensor } from './env-sensor.ts';
import { evChargerDc } from './ev-charger-dc.ts';
import { generic } from './generic.ts';
import { industrialRobot } from './industrial-robot.ts';
import { injectionMoulding } from './injection-moulding.ts';
import { laserCutter } from './laser-cutter.ts';
import { powerMeter } from './power-meter.ts';
import { pvInverter } from './pv-inverter.ts';
import { rehabGaitTrainer } from './rehab-gait-trainer.ts';
import { transformer10kv } from './transformer-10kv.ts';

const profiles: readonly DeviceProfile[] = [
  evChargerDc,
  pvInverter,
  powerMeter,
  transformer10kv,
  laserCutter,
  cncMachiningCentre,
  injectionMoulding,
  rehabGaitTrainer,
  industrialRobot,
  airCompressor,
  agv,
  airJetLoom,
  boilerCems,
  envSensor,
  generic,
];

/** Every built-in profile by its id, `generic` included. */
export const builtInProfiles: ReadonlyMap<string, DeviceProfile> = new Map(
  profiles.map((profile) => [profile.id, profile]),
);
