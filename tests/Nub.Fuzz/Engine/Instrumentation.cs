using SharpFuzz;

namespace Nub.Fuzz.Engine;

/// <summary>A folder with copies of this program and of the assemblies under test, in which each branch of theirs counts.</summary>
internal sealed class Instrumentation : IDisposable
{
    private static readonly string[] s_underTest = ["Nub.Memory.dll", "Nub.Memory.Generators.dll", "Nub.Ipc.dll", "Nub.Virtio.dll", "Nub.Tool.dll"];

    public Instrumentation()
    {
        Folder = Directory.CreateTempSubdirectory("nub-fuzz-").FullName;
        foreach (string path in Directory.GetFiles(AppContext.BaseDirectory))
        {
            File.Copy(path, Path.Combine(Folder, Path.GetFileName(path)));
        }

        foreach (string path in s_underTest.Select(name => Path.Combine(Folder, name)).Where(File.Exists))
        {
            Fuzzer.Instrument(path, static _ => true, Options.Value);
        }

        // What the targets decide leads as well; what counts must not.
        Fuzzer.Instrument(Path.Combine(Folder, "Nub.Fuzz.dll"), static type => type.StartsWith("Nub.Fuzz.Targets.", StringComparison.Ordinal), Options.Value);
    }

    public string Folder { get; }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
