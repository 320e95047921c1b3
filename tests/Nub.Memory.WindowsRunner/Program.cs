using System.Reflection;
using Nub.Testing.Running;

// Usage: Nub.Memory.WindowsRunner [parts of tests' names, with commas | !parts]      (! leaves those out that have one)
//        Nub.Memory.WindowsRunner exec <program.dll> [arguments]
return args is ["exec", string program, .. string[] arguments]
    ? TestRun.Exec(program, arguments)
    : TestRun.Run(["Nub.Memory.Tests", "Nub.Ipc.Tests", Assembly.GetExecutingAssembly().GetName().Name!], args.FirstOrDefault() ?? "");
