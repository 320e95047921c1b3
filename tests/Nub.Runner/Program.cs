using Nub.Testing.Running;

// Usage: Nub.Runner <projects, with commas> [parts of tests' names, with commas | !parts]      (! leaves those out that have one)
//        Nub.Runner exec <program.dll> [arguments]
return args is ["exec", string program, .. string[] arguments]
    ? TestRun.Exec(program, arguments)
    : TestRun.Run(args[0].Split(',').Select(static name => name + ".Tests"), args.ElementAtOrDefault(1) ?? "", progress: TimeSpan.FromMinutes(1));
