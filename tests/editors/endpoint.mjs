// An endpoint that speaks as much of OpenAI's chat completions as an explanation needs: says its words one after the other, the rest when a
// file appears. Writes its address into FILE.address. usage: node endpoint.mjs FILE WORD… -- WORD…: what stands before `--` comes at once, the rest when FILE is there.
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { clearInterval, setInterval } from 'node:timers';

const [file, ...words] = process.argv.slice(2);
const at = words.indexOf('--');
const first = words.slice(0, at);
const rest = words.slice(at + 1);

const server = createServer((request, response) => {
  request.resume();
  request.on('end', () => {
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const say = (content) =>
      response.write(
        `data: ${JSON.stringify({ choices: [{ delta: { content }, finish_reason: null }] })}\n\n`,
      );
    first.forEach(say);
    const wait = setInterval(() => {
      if (existsSync(file)) {
        clearInterval(wait);
        rest.forEach(say);
        response.end('data: [DONE]\n\n');
      }
    }, 20);
    response.on('close', () => clearInterval(wait));
  });
});
server.listen(0, '127.0.0.1', () =>
  writeFileSync(`${file}.address`, `http://127.0.0.1:${server.address().port}/v1`),
);
