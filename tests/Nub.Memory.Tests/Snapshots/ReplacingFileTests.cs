using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests.Snapshots;

/// <summary>The file that is written where the file system has none without a name.</summary>
[Collection(Alone.Name)]
public sealed class ReplacingFileTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("nub-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [SkippableFact]
    public void A_file_with_a_name_is_its_owners_and_follows_no_link()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Windows has no such modes.");
        string path = Path.Combine(_folder, "new");
        using (SafeFileHandle handle = ReplacingFile.CreateNamed(path))
        {
            RandomAccess.Write(handle, [1, 2, 3], 0);
            Assert.Equal(3, RandomAccess.GetLength(handle));
        }

        if (!OperatingSystem.IsWindows())
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(path));
        }

        Assert.Equal([1, 2, 3], File.ReadAllBytes(path));
        Assert.Throws<IOException>(() => ReplacingFile.CreateNamed(path));

        string target = Path.Combine(_folder, "target");
        string link = Path.Combine(_folder, "link");
        File.CreateSymbolicLink(link, target);
        Assert.Throws<IOException>(() => ReplacingFile.CreateNamed(link));
        Assert.False(File.Exists(target));
        Assert.Throws<DirectoryNotFoundException>(() => ReplacingFile.CreateNamed(Path.Combine(_folder, "none", "new")));
    }

    [SkippableFact]
    public void Another_file_that_is_put_in_its_place_is_not_the_one_that_is_written()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Windows moves nothing over a file that is open.");
        const int Rounds = 2000;
        string victim = Path.Combine(_folder, "victim");
        File.WriteAllBytes(victim, [7]);
        int round = 0;
        int swaps = 0;
        var attacker = new Thread(() =>
        {
            string link = Path.Combine(_folder, "link");
            File.CreateSymbolicLink(link, victim);
            for (int now; (now = Volatile.Read(ref round)) < Rounds;)
            {
                // As soon as it is there, a link to another file stands in its place.
                if (File.Exists(NameOf(now)))
                {
                    File.Move(link, NameOf(now), overwrite: true);
                    File.CreateSymbolicLink(link, victim);
                    Volatile.Write(ref swaps, now + 1);
                    SpinWait.SpinUntil(() => Volatile.Read(ref round) != now);
                }
            }
        });
        attacker.Start();
        for (; round < Rounds; Volatile.Write(ref round, round + 1))
        {
            using SafeFileHandle handle = ReplacingFile.CreateNamed(NameOf(round));
            Patience.WaitUntil(() => Volatile.Read(ref swaps) == round + 1);
            RandomAccess.Write(handle, [1], 0);
        }

        attacker.Join();
        Assert.Equal([7], File.ReadAllBytes(victim));
    }

    private string NameOf(int round) => Path.Combine(_folder, $"new-{round}");
}
