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
export function createOriginSecrets(generation: number): OriginSecrets {
  const current = createSecret(generation);
  if (generation === 1) return { sent: current, accepted: current };
  return { sent: current, accepted: $interpolate`${current},${createSecret(generation - 1)}` };
}

function createSecret(generation: number): $util.Output<string> {
  const drawn = aws.secretsmanager.getRandomPasswordOutput({
    passwordLength: secretLength,
    excludePunctuation: true,
  });
  const parameter = new aws.ssm.Parameter(
    `OriginSecret${generation}`,
    {
      name: `/${$app.name}/${$app.stage}/origin-secret/${generation}`,
      description: "Proves to the API's functions that a request came through the edge",
      type: "SecureString",
      value: drawn.randomPassword,
    },
    // Each deployment draws anew. The first draw of a generation is the one that counts.
    { ignoreChanges: ["value"] },
  );
  return $util.secret(parameter.value);
}
