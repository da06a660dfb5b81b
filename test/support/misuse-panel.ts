import { setTimeout as delay } from 'node:timers/promises'
import { type PanelProcess, RecordingClient } from './panel-process.ts'

const badInputs = (secret: string) =>
  [
    ['secrets.unlock', { passphrase: { secret } }],
    ['secrets.unlock', { passphrase: secret.repeat(40) }],
    ['secrets.use', { kind: secret, passphrase: secret }],
    ['secrets.use', { kind: 'keychain', passphrase: secret }],
    ['questions.answer', { questionId: 'q-0000000000000000', answer: { kind: 'secret', secret } }],
    ['questions.answer', { questionId: 'q-0000000000000000', answer: { kind: 'responses', responses: secret } }],
    ['machines.add', { machines: [{ name: 'x', host: secret }] }],
    ['machines.add', { machines: [{ name: 'x', host: 'x', password: secret }] }],
    ['clusters.planApply', { yaml: `auth:\n  ssh_user: me\n  password: [${secret}` }],
  ] as const

/** Makes calls that are wrong, by both ways in, with a secret in all places where one could think that it belongs. Returns what came back. */
export async function misusePanel(panel: PanelProcess, secret: string): Promise<string[]> {
  const client = await RecordingClient.open(panel, () => ({ kind: 'refuse' }))
  for (const [method, input] of badInputs(secret)) await client.refused(method, input)
  const csv = `name,host,password\nx,y,"${secret.replaceAll('"', '""')}"\n`
  await client.call('machines.parse', { format: 'csv', text: csv })
  const posted = await postMisused(panel, secret)
  client.send(`{"id":1,"method":"secrets.unlock","input":{"passphrase":${JSON.stringify(secret)}`) // no JSON: it ends the connection
  await delay(200)
  client.close()
  return [...client.frames, ...posted]
}

async function postMisused({ url, token }: PanelProcess, secret: string): Promise<string[]> {
  const answers: string[] = []
  const post = async (path: string, body: string, more: Record<string, string> = {}) => {
    const headers = { 'content-type': 'application/json', origin: url, ...more }
    const answer = await fetch(`${url}${path}`, { method: 'POST', headers, body })
    answers.push(`${answer.status} ${JSON.stringify([...answer.headers])} ${await answer.text()}`)
  }
  const bearer = { authorization: `Bearer ${token}` }
  await post('/session', `{"token": "${token}`)
  await post('/session', JSON.stringify({ token, more: secret }))
  await post('/session', JSON.stringify({ token: secret }))
  await post('/call/secrets.unlock', `{"passphrase": ${JSON.stringify(secret)}`, bearer)
  await post('/call/secrets.unlock', JSON.stringify({ passphrase: [secret] }), bearer)
  await post('/call/secrets.unlock', JSON.stringify({ passphrase: secret }), { authorization: `Bearer ${encodeURIComponent(secret)}` })
  await post(`/nothing?token=${token}`, '{}', { cookie: `${encodeURIComponent(secret)}=${token}` })
  return answers
}
