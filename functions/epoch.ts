import { type Epoch, parseEpoch } from "#adapters/dynamodb/fence.ts";
import { requiredVariable } from "./environment.ts";

/**
 * The epoch in which this function writes to the books. Apart from the other variables: only who holds such a store
 * is given it. @throws at load where it is missing, or is no epoch.
 */
export const writerEpoch = (): Epoch => parseEpoch(requiredVariable("EPOCH"));
