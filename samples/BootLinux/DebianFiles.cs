using System.Diagnostics;
using System.Formats.Tar;

namespace BootLinux;

/// <summary>Gets a kernel and a shell from Debian's packages, without installing them.</summary>
internal static class DebianFiles
{
    private const string KernelPackage = "linux-image-cloud-amd64";

    /// <summary>Downloads and unpacks what is not there yet.</summary>
    /// <returns>The paths of the kernel and of busybox.</returns>
    /// <exception cref="InvalidOperationException">apt-get or dpkg-deb is missing or failed.</exception>
    public static (string Kernel, string Busybox) Get(string folder)
    {
        string kernel = Path.Combine(folder, "vmlinuz");
        string busybox = Path.Combine(folder, "busybox");
        Directory.CreateDirectory(folder);
        if (!File.Exists(kernel))
        {
            // The package that is always the newest is empty and depends on the one that is.
            string depends = Run("apt-cache", folder, "depends", "--important", KernelPackage);
            string package = depends.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries)
                .FirstOrDefault(word => word.StartsWith("linux-image-", StringComparison.Ordinal) && word != KernelPackage)
                ?? throw new InvalidOperationException($"apt-cache knows no kernel behind {KernelPackage}: apt-get update, or --kernel FILE.");
            Extract(folder, package, "./boot/vmlinuz-", kernel);
        }

        if (!File.Exists(busybox))
        {
            Extract(folder, "busybox-static", "./bin/busybox", busybox);
        }

        return (kernel, busybox);
    }

    private static void Extract(string folder, string package, string prefix, string destination)
    {
        Console.WriteLine($"Downloading {package}.");
        Run("apt-get", folder, "download", package);
        string file = Directory.GetFiles(folder, $"{package}_*.deb").Max()
            ?? throw new InvalidOperationException($"apt-get download left no {package}_*.deb in {folder}.");
        using Process process = Start("dpkg-deb", folder, "--fsys-tarfile", file);
        using var tar = new TarReader(process.StandardOutput.BaseStream);
        string unfinished = destination + ".new";
        while (tar.GetNextEntry() is { } entry)
        {
            if (entry.EntryType == TarEntryType.RegularFile && entry.Name.StartsWith(prefix, StringComparison.Ordinal))
            {
                entry.ExtractToFile(unfinished, overwrite: true);
            }
        }

        process.WaitForExit();
        File.Delete(file);
        if (process.ExitCode != 0 || !File.Exists(unfinished))
        {
            throw new InvalidOperationException($"{package} has no {prefix[1..]}, or dpkg-deb failed ({process.ExitCode}).");
        }

        File.Move(unfinished, destination, overwrite: true);
    }

    private static string Run(string program, string folder, params string[] arguments)
    {
        using Process process = Start(program, folder, arguments);
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0 ? output
            : throw new InvalidOperationException($"{program} {string.Join(' ', arguments)} failed with {process.ExitCode}.");
    }

    private static Process Start(string program, string folder, params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true })!;
        }
        catch (System.ComponentModel.Win32Exception missing)
        {
            throw new InvalidOperationException($"{program} cannot be started ({missing.Message}): give --kernel FILE and --busybox FILE.");
        }
    }
}
