using System.Globalization;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Child;

/// <summary>The other process: the one that owns the memory, shortens it, or writes beside every access. Each ends when its standard input does.</summary>
internal static partial class Peer
{
    /// <summary>Shortens a file and lengthens it again, and writes a line for each round.</summary>
    public static int Shorten(string path, long size, long remaining)
    {
        using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        Task end = Task.Run(() => Console.OpenStandardInput().ReadByte());
        var random = new Random(1);
        while (!end.IsCompleted)
        {
            if (FTruncate(file, remaining) != 0)
            {
                return 1;
            }

            Thread.SpinWait(random.Next(20_000));
            if (random.Next(4) == 0)
            {
                Thread.Sleep(1);
            }

            if (FTruncate(file, size) != 0)
            {
                return 1;
            }

            Thread.SpinWait(random.Next(20_000));
            Console.WriteLine("round");
        }

        return 0;
    }

    /// <summary>Rewrites a memory as fast as it can: whole words of all zeroes or all ones.</summary>
    public static int Rewrite(string path, string size)
    {
        ulong length = ulong.Parse(size, CultureInfo.InvariantCulture);
        using var memory = HostSharedMemory.OpenFile(path, 0, length, SharedMemoryAccess.ReadWrite);
        Task end = Task.Run(() => Console.OpenStandardInput().ReadByte());
        Console.WriteLine("ready");
        var random = new Random(2);
        while (!end.IsCompleted)
        {
            for (int i = 0; i < 10_000; i++)
            {
                memory.Write((ulong)random.Next((int)(length / 8)) * 8, random.Next(2) == 0 ? 0 : ulong.MaxValue);
            }
        }

        return 0;
    }

    /// <summary>Receives a memory that it may read only, tries every way to write it, and says what it found.</summary>
    public static int Receive(string socketPath)
    {
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint(socketPath));
        byte[] size = new byte[8];
        var handles = new SafeFileHandle?[2];
        SocketHandlesResult result = SocketHandles.Receive(socket, size, handles);
        using SafeFileHandle readable = handles[0]!;
        using SafeFileHandle writable = handles[1]!;
        ulong length = BitConverter.ToUInt64(size);
        using (var memory = HostSharedMemory.Open(readable, 0, length, SharedMemoryAccess.Read))
        {
            Console.Write($"{result.HandleCount} handles, read {memory.Read<uint>(16)}");
        }

        foreach (string way in (string[])["handle", $"/proc/self/fd/{readable.DangerousGetHandle()}"])
        {
            try
            {
                using HostSharedMemory memory = way == "handle"
                    ? HostSharedMemory.Open(readable, 0, length)
                    : HostSharedMemory.OpenFile(way, 0, length, SharedMemoryAccess.ReadWrite);
                Console.Write(", writable");
            }
            catch (SharedMemoryMapException exception)
            {
                Console.Write($", {exception.Call} {exception.NativeErrorCode}");
            }
        }

        using (var memory = HostSharedMemory.Open(writable, 0, length))
        {
            memory.Write(16, 4321u);
        }

        socket.Send([1]);
        return 0;
    }

    [LibraryImport("libc", EntryPoint = "ftruncate")]
    private static partial int FTruncate(SafeFileHandle fd, long length);
}
