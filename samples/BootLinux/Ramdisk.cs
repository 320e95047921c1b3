using System.Globalization;
using System.Text;

namespace BootLinux;

/// <summary>
/// The initial file system: an archive of the format "newc" that the kernel unpacks (Linux,
/// Documentation/driver-api/early-userspace/buffer-format.rst), with a shell and a script that runs one command.
/// </summary>
internal sealed class Ramdisk(MemoryStream archive)
{
    /// <summary>What the script prints before the status of the command.</summary>
    public const string StatusMark = "BootLinux: status ";

    private const int DirectoryMode = 0x41ED; // S_IFDIR, 755
    private const int ProgramMode = 0x81ED; // S_IFREG, 755
    private const int DeviceMode = 0x2180; // S_IFCHR, 600

    private int _number;

    /// <summary>Makes the archive.</summary>
    /// <param name="busybox">The program busybox, statically linked.</param>
    /// <param name="command">What the shell is to run.</param>
    public static byte[] Build(byte[] busybox, string command)
    {
        const string script = $"""
            #!/bin/busybox sh
            /bin/busybox --install -s /bin
            mount -t proc proc /proc
            mount -t sysfs sys /sys
            sh /command
            echo "{StatusMark}$?"
            reboot -f
            """;
        using var archive = new MemoryStream();
        var disk = new Ramdisk(archive);
        foreach (string folder in (string[])["bin", "dev", "proc", "sys", "tmp"])
        {
            disk.Add(folder, DirectoryMode, []);
        }

        // The kernel gives it to the first program as its input and output.
        disk.Add("dev/console", DeviceMode, [], deviceMajor: 5, deviceMinor: 1);
        disk.Add("bin/busybox", ProgramMode, busybox);
        disk.Add("init", ProgramMode, Encoding.UTF8.GetBytes(script + '\n'));
        disk.Add("command", ProgramMode, Encoding.UTF8.GetBytes(command + '\n'));
        disk.Add("TRAILER!!!", 0, []);
        return archive.ToArray();
    }

    private void Add(string name, int mode, byte[] contents, int deviceMajor = 0, int deviceMinor = 0)
    {
        // Thirteen numbers of eight hexadecimal digits.
        int[] numbers = [++_number, mode, 0, 0, 1, 0, contents.Length, 0, 0, deviceMajor, deviceMinor, name.Length + 1, 0];
        string header = "070701" + string.Concat(numbers.Select(number => number.ToString("X8", CultureInfo.InvariantCulture)));
        archive.Write(Encoding.ASCII.GetBytes(header + name + '\0'));
        Pad();
        archive.Write(contents);
        Pad();
    }

    private void Pad()
    {
        while (archive.Length % 4 != 0)
        {
            archive.WriteByte(0);
        }
    }
}
