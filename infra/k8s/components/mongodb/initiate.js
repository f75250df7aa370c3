// Makes the members named in MEMBERS a replica set, and a user for each password in /run/secrets/mongodb: the file orders, and
// any whose name begins with orders-, is one of the service orders. A user may read and write its service's own database and
// nothing else. (Payments has the sandbox provider's besides, which plays another company.) Users whose file is gone are removed.
const fs = require('node:fs')

const members = process.env.MEMBERS.split(',')
const patienceMs = 180_000
const deadline = Date.now() + patienceMs
const options = '/?authSource=local&authMechanism=SCRAM-SHA-256&serverSelectionTimeoutMS=2000&connectTimeoutMS=2000'
const login = `__system:${encodeURIComponent(process.env.key)}`

function whenReached(what, attempt) {
  for (;;) {
    try {
      const result = attempt()
      if (result) return result
    } catch (error) {
      // Members that are not there yet are waited for; a refusal would be the same the next time.
      const isEarly = /ECONNREFUSED|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|timed out|closed|not.*primary|NotWritablePrimary|No host described|InterruptedDueToReplStateChange|NodeNotFound|quorum check failed/i
      if (!isEarly.test(String(error.message))) throw error
      print(`${what}: ${error.message}`)
    }
    if (Date.now() > deadline) throw new Error(`${what}: not within ${patienceMs / 1000} s`)
    sleep(500)
  }
}

const [first] = members
const alone = whenReached(`reaching ${first}`, () => new Mongo(`mongodb://${login}@${first}${options}&directConnection=true`))
const admin = alone.getDB('admin')

const hasSet = () => {
  try {
    return admin.runCommand({ replSetGetStatus: 1 }).ok === 1
  } catch (error) {
    if (error.codeName === 'NotYetInitialized') return false
    throw error
  }
}

if (!whenReached('asking for its set', () => ({ isSet: hasSet() })).isSet) {
  const config = { _id: 'ticketing', members: members.map((host, _id) => ({ _id, host })) }
  whenReached('initiating', () => admin.runCommand({ replSetInitiate: config }).ok)
  print(`initiated: ${members.join(', ')}`)
}

const set = whenReached('finding the primary', () => {
  const mongo = new Mongo(`mongodb://${login}@${members.join(',')}${options}&replicaSet=ticketing`)
  return mongo.getDB('admin').hello().isWritablePrimary && mongo
})

// More than one user of a service is for changing its password without a gap: docs/operating.md says how.
const secrets = fs.readdirSync('/run/secrets/mongodb')
for (const service of ['auth', 'tickets', 'orders', 'payments']) {
  const database = set.getDB(service)
  const databases = service === 'payments' ? [service, 'sandbox'] : [service]
  const roles = databases.map((db) => ({ role: 'readWrite', db }))
  const wanted = secrets.filter((name) => name === service || name.startsWith(`${service}-`))
  const known = database.runCommand({ usersInfo: 1 }).users.map(({ user }) => user)
  for (const name of wanted) {
    const pwd = fs.readFileSync(`/run/secrets/mongodb/${name}`, 'utf8').trim()
    if (known.includes(name)) database.updateUser(name, { pwd, roles })
    else database.createUser({ user: name, pwd, roles })
    print(`${name}: ${known.includes(name) ? 'renewed' : 'made'}`)
  }
  for (const name of known.filter((name) => !wanted.includes(name))) {
    database.dropUser(name)
    print(`${name}: removed`)
  }
}
