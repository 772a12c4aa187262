// Makes the calls of its input with @coze/api, which NODE_PATH leads to.
const fs = require("fs");
const readline = require("readline");
const { CozeAPI } = require("@coze/api");

async function answer({ call, url, token, args }) {
  const client = new CozeAPI({ token, baseURL: url });
  if (call === "files.upload") args[0].file = fs.createReadStream(args[0].file);
  const names = call.split(".");
  const name = names.pop();
  const noun = names.reduce((found, part) => found[part], client);
  const result = noun[name](...args);
  return result[Symbol.asyncIterator] ? walk(result) : (await result) ?? null;
}

// Return what a generator yields and its return value.
async function walk(generator) {
  const events = [];
  for (;;) {
    const { done, value } = await generator.next();
    if (done) return { events, returned: value ?? null };
    events.push(structuredClone(value));
  }
}

function raised(error) {
  return { kind: error.constructor.name, code: error.code ?? null, text: error.message };
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
