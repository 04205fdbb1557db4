// The table of commands; a new command is added here.

import CommandLineOptions

let commands: [Command] = [
    .load,
    .push,
    .check,
    .work,
    .status,
    .jobs,
    .lag,
    .doctor,
    .abandon,
    .undo,
    .prune,
    .forget,
    .rejects,
    .users,
    .stats,
    .migrate,
    .devBroker,
    .completions,
    .man,
]

let program = ProgramDescription(
    name: "userload", summary: "load files of people through Kafka into Postgres, exactly once",
    commands: commands.map(\.description))
