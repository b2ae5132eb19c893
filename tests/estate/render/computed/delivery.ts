import { named, type Rules, uuidOf } from "./forms.ts";

/** CodePipeline and CodeBuild. */
export const delivery: Rules = {
  "aws:codebuild/project:Project": (made) => {
    const { arn } = named(made, "codebuild", "project/");
    return { id: arn, arn };
  },
  "aws:codeconnections/connection:Connection": ({ name, region, account }) => {
    const arn = `arn:aws:codeconnections:${region}:${account}:connection/${uuidOf(name)}`;
    return { id: arn, arn };
  },
  "aws:codepipeline/pipeline:Pipeline": (made) => named(made, "codepipeline", ""),
};
