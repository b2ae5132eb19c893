import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { production, projectRoot } from "../committed-plan.ts";
import { draw } from "./draw.ts";
import { pictureOf } from "./picture.ts";

// Draws the committed plan of production: `npm run estate:graph`.

const file = join(projectRoot, "docs/estate.svg");
const picture = pictureOf(production);
writeFileSync(file, await draw(picture, "Tallystick, production"));
console.log(`${file}: ${picture.nodes.length} parts, ${picture.arrows.length} arrows`);
