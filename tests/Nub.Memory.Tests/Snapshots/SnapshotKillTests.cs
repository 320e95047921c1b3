using System.Diagnostics;
using System.Globalization;

namespace Nub.Memory.Tests;

/// <summary>A process that is killed at any moment of saving leaves whole files only.</summary>
[Trait("Kind", "slow")]
public sealed class SnapshotKillTests
{
    private const int Pages = 300;

    // 200 with NUB_SNAPSHOT_KILLS=200; fewer in every run of the tests.
    private static readonly int s_rounds = int.Parse(Environment.GetEnvironmentVariable("NUB_SNAPSHOT_KILLS") ?? "12", CultureInfo.InvariantCulture);

    [SkippableFact]
    public async Task Every_file_that_is_there_opens_and_is_whole()
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "Under Wine no child is started.");
        using var folder = new SnapshotFolder();
        byte[] bytes = new byte[Pages * (int)Pair.Page];
        for (int page = 0; page < Pages; page++)
        {
            bytes[page * (int)Pair.Page] = 1;
        }

        using SharedMemorySnapshot below = SharedMemorySnapshot.Open(folder.Save("base", bytes));
        var random = new Random(7);
        var seen = new HashSet<long>();
        for (int round = 0; round < s_rounds; round++)
        {
            await SaveUntilKilledAsync(Path.GetDirectoryName(folder["base"])!, random.Next(60));
            foreach (string path in folder.Files)
            {
                // Also one that did not get its name yet.
                SharedMemorySnapshotInfo info = SharedMemorySnapshot.ReadInfo(path);
                using SharedMemorySnapshot opened = SharedMemorySnapshot.Open(path, info.BaseHash is null ? null : below);
                long number = Number(opened, 0);
                for (int page = 1; page < Pages; page++)
                {
                    Assert.Equal(number, Number(opened, page));
                }

                seen.Add(number);
                if (Path.GetFileName(path) is not ("base" or "whole" or "layer"))
                {
                    File.Delete(path);
                }
            }
        }

        Assert.InRange(seen.Count, 2, int.MaxValue);
    }

    private static long Number(SharedMemorySnapshot snapshot, int page)
    {
        byte[] number = new byte[8];
        snapshot.Memory.CopyTo((ulong)page * Pair.Page, number);
        return BitConverter.ToInt64(number);
    }

    private static async Task SaveUntilKilledAsync(string folder, int milliseconds)
    {
        using Process child = Process.Start(ChildProcess.Beside("Nub.Memory.Child", "save-snapshots", folder))!;
        Assert.NotNull(await child.StandardOutput.ReadLineAsync());
        await Task.Delay(milliseconds);

        // SIGKILL.
        child.Kill();
        await child.WaitForExitAsync();
    }
}
