using Nub.Memory.StandIn;
using Nub.Memory.StandIn.Projects;

// Real sources, as if they had been written for Nub's shared memory: what a project reads guest memory with becomes a stand-in for
// `Nub.Memory.HostSharedMemory`, or a `Nub.Taint.txt` says what reads, so that the analyzers can be measured on code that nobody wrote for them.
//   dotnet run -c Release --project benchmarks/Nub.Memory.StandIn -- <renode|ryujinx|spice86|interprocess|sharedmemory> <directory of its sources> <output directory>
Project[] projects = [new Renode(), new Ryujinx(), new Spice86(), new Interprocess(), new SharedMemory()];
if (args is not [var name, var from, var to] || projects.FirstOrDefault(one => one.Name == name) is not { } project)
{
    Console.Error.WriteLine($"usage: <{string.Join('|', projects.Select(static one => one.Name))}> <directory of its sources> <output directory>");
    return 2;
}

if (!Directory.Exists(from))
{
    Console.Error.WriteLine($"{from} is no directory.");
    return 2;
}

// What is read must not be written to, nor what was written be read again.
string output = Path.GetFullPath(to) + Path.DirectorySeparatorChar;
string input = Path.GetFullPath(from) + Path.DirectorySeparatorChar;
if (output.StartsWith(input, StringComparison.Ordinal) || input.StartsWith(output, StringComparison.Ordinal))
{
    Console.Error.WriteLine($"{to} and {from} must not lie in each other.");
    return 2;
}

if (Directory.Exists(to) && Directory.EnumerateFileSystemEntries(to).Any())
{
    Console.Error.WriteLine($"{to} is not empty: what is in it would be measured, too.");
    return 2;
}

return Run.Of(project, from, to);
