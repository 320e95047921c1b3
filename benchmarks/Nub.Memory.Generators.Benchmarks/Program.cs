using Nub.Memory.Generators.Benchmarks;

// What the generator and the analyzers cost whoever builds and types: `dotnet run -c Release`, optionally with the number of
// structs (1,000) and `--build`, which also builds a project of them with and without, by `dotnet build`.
// `--sources <directory>...` instead runs all of them over whatever C# stands below the directories.
if (args is ["--sources", .. var directories])
{
    return await Sources.RunAsync(directories);
}

int count = args.Length > 0 && int.TryParse(args[0], out int wanted) ? wanted : 1000;
Console.WriteLine($"{Environment.ProcessorCount} processors, .NET {Environment.Version}; {count} structs of 8 or 9 fields, every fifth nested in another.");
Console.WriteLine("Medians of interleaved rounds, the best in brackets.");
Console.WriteLine();
InProcess.Run(count);
if (args.Contains("--build"))
{
    Console.WriteLine();
    Builds.Run(count);
}

return 0;
