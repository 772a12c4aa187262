// Calls the functions of @coze/api that sign in, which NODE_PATH leads to; naps are counted, not taken.
const readline = require("readline");
const coze = require("@coze/api");

let naps = [];
const later = global.setTimeout;
global.setTimeout = (then, pause, ...rest) => {
  naps.push(pause / 1000);
  return later(then, 0, ...rest);
};

async function answer({ call, args }) {
  if (call === "naps") {
    const taken = naps;
    naps = [];
    return taken;
  }
  return coze[call](...args);
}

// The message names no cause; the body that it was made from does.
function raised(error) {
  const body = JSON.stringify(error.rawError ?? null);
  return { kind: error.constructor.name, code: error.code ?? null, text: `${error.message} ${body}` };
}

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const told = await answer(JSON.parse(line)).then(
    (value) => ({ value }),
    (error) => ({ raised: raised(error) }),
  );
  process.stdout.write(JSON.stringify(told) + "\n");
});
lines.on("close", () => process.exit());
