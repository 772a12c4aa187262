// Calls the OAuth functions of @coze/api, which NODE_PATH leads to; sleeps are recorded, not slept.
const readline = require("readline");
const coze = require("@coze/api");

let sleeps = [];
const later = global.setTimeout;
global.setTimeout = (then, pause, ...rest) => {
  sleeps.push(pause / 1000);
  return later(then, 0, ...rest);
};

async function answer({ call, args }) {
  if (call === "sleeps") {
    const taken = sleeps;
    sleeps = [];
    return taken;
  }
  return coze[call](...args);
}

// The message lacks the cause; the response body has it.
function raised(error) {
  const body = JSON.stringify(error.rawError ?? null);
  return { kind: error.constructor.name, code: error.code ?? null, text: `${error.message} ${body}` };
}

const lines = readline.createInterface({ input: process.stdin });
lines.on("line", async (line) => {
  const reply = await answer(JSON.parse(line)).then(
    (value) => ({ value }),
    (error) => ({ raised: raised(error) }),
  );
  process.stdout.write(JSON.stringify(reply) + "\n");
});
lines.on("close", () => process.exit());
