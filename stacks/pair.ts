import { homeRegion, type Region, recoveryRegion } from "./constants.ts";
import { nameIn } from "./naming.ts";
import type { StageSettings } from "./settings.ts";

/** One region of a pair: a stage of its own, so that neither's deployments need the other. */
export interface PairedRegion {
  readonly stage: string;
  readonly region: Region;
  /**
   * Whether it is open. A passive region's event sources are off, and no name leads to it. A failover opens a
   * region; the commit after it says so here, and the deployment of the region that was left turns its sources off.
   */
  readonly role: "active" | "passive";
  /** In which its functions write (ADR 46). The passive region's is the later one, so that to open it changes no function. */
  readonly epoch: number;
  /** Whether it has the reconciler's pods, which settle payments and have to be fenced with the functions. */
  readonly reconciles: boolean;
}

export interface Pair {
  /** Makes what AWS keeps as one thing for both: global tables, multi-region keys, replicated buckets, the edge and its zone. */
  readonly home: PairedRegion;
  /** Refers to those, and has all else of its own. */
  readonly standby: PairedRegion;
}

/**
 * Production's. After a failover these lines follow what is so, in one commit: the roles change places, and the region
 * that was left gets an epoch of one more than the other's (docs/runbooks/failover.md).
 */
export const productionPair: Pair = {
  home: { stage: "production", region: homeRegion, role: "active", epoch: 1, reconciles: true },
  standby: {
    stage: "production-standby",
    region: recoveryRegion,
    role: "passive",
    epoch: 2,
    reconciles: false,
  },
};

type Paired = Pick<StageSettings, "stage" | "pair">;

/** The stage's own region of its pair; undefined for a stage that is alone. */
export const ownRegion = ({ stage, pair }: Paired): PairedRegion | undefined =>
  pair && [pair.home, pair.standby].find((each) => each.stage === stage);

/** The other region of its pair; undefined for a stage that is alone. */
export const peerRegion = ({ stage, pair }: Paired): PairedRegion | undefined =>
  pair && [pair.home, pair.standby].find((each) => each.stage !== stage);

/** Where copies are to be made, by the stage that makes them; undefined for all others. */
export const replicaRegion = ({ stage, pair }: Paired): Region | undefined =>
  pair?.home.stage === stage ? pair.standby.region : undefined;

/** The stage whose tables, keys, buckets and zone this one refers to; undefined for one that has its own. */
export const referredStage = ({ stage, pair }: Paired): string | undefined =>
  pair?.standby.stage === stage ? pair.home.stage : undefined;

/** The name of what the pair shares, which is called after the home stage in both regions. */
export const sharedName = (settings: Paired, name: string): string =>
  nameIn(referredStage(settings) ?? settings.stage, name);

export const isPassive = (settings: Paired): boolean => ownRegion(settings)?.role === "passive";
