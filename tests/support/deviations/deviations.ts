import type { Deviations, EmulatorDeviations } from "./deviation.ts";
import { fauxqs } from "./fauxqs.ts";
import { kinesisLocal } from "./kinesis-local.ts";
import { moto } from "./moto.ts";

const emulators: Readonly<Record<string, EmulatorDeviations>> = {
  fauxqs,
  "kinesis-local": kinesisLocal,
  moto,
};

export const deviationsOf = (emulator: string, service: string): Deviations =>
  emulators[emulator]?.[service] ?? {};
