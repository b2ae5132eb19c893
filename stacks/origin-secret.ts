import { inRegion } from "./naming.ts";
import { referredStage, replicaRegion } from "./pair.ts";
import type { StageSettings } from "./settings.ts";

/** By which the API's functions know that a request came through the edge (ADR 39). */
export interface OriginSecrets {
  /** The one that CloudFront sends. */
  readonly sent: $util.Output<string>;
  /** The ones that functions accept: the current first, then the one before it, with a comma between them. */
  readonly accepted: $util.Output<string>;
}

/** Letters and digits: the secret travels in a header, and in a list with commas. */
const secretLength = 48;

/**
 * Draws a secret per generation, once. Rotation is the next generation in settings.ts: the deployment first has the
 * functions accept the new secret and the old one, then has the edge send the new one, and a secret that is two
 * generations old is gone. No request is refused meanwhile, and nobody sees a secret.
 * @param generation 1 or more.
 */
export function createOriginSecrets(generation: number, settings: StageSettings): OriginSecrets {
  const current = createSecret(generation, settings);
  // The standby is deployed after the home, and must know by then what the edge sends.
  if (replicaRegion(settings) !== undefined) createSecret(generation + 1, settings);
  if (generation === 1) return { sent: current, accepted: current };
  return { sent: current, accepted: $interpolate`${current},${createSecret(generation - 1, settings)}` };
}

/** The home's secrets, as its standby accepts them: the one that the edge sends, and the one that it will send next. */
export function findOriginSecrets(generation: number, settings: StageSettings): OriginSecrets {
  const [current, next] = [generation, generation + 1].map((each) =>
    $util.secret(aws.ssm.getParameterOutput({ name: parameterName(each, settings) }).value),
  );
  return { sent: $interpolate`${current}`, accepted: $interpolate`${current},${next}` };
}

const parameterName = (generation: number, settings: StageSettings): string =>
  `/${$app.name}/${referredStage(settings) ?? settings.stage}/origin-secret/${generation}`;

function createSecret(generation: number, settings: StageSettings): $util.Output<string> {
  const drawn = aws.secretsmanager.getRandomPasswordOutput({
    passwordLength: secretLength,
    excludePunctuation: true,
  });
  const stored = {
    name: parameterName(generation, settings),
    description: "Proves to the API's functions that a request came through the edge",
    type: "SecureString",
  };
  const parameter = new aws.ssm.Parameter(
    `OriginSecret${generation}`,
    { ...stored, value: drawn.randomPassword },
    // Each deployment draws anew. The first draw of a generation is the one that counts.
    { ignoreChanges: ["value"] },
  );
  const region = replicaRegion(settings);
  if (region !== undefined)
    new aws.ssm.Parameter(`OriginSecret${generation}${inRegion(region)}`, {
      ...stored,
      region,
      value: parameter.value,
    });
  return $util.secret(parameter.value);
}
