using System.Globalization;
using Microsoft.Win32.SafeHandles;
using Nub.Ipc;
using Nub.Ipc.Child;
using Nub.Memory;

// What to do, the process and the descriptor of the memory, its size, the ring's size, and a number more.
string what = args[0];
ulong size = ulong.Parse(args[2], CultureInfo.InvariantCulture);
ulong ringSize = ulong.Parse(args[3], CultureInfo.InvariantCulture);
ulong number = ulong.Parse(args[4], CultureInfo.InvariantCulture);

if (what == "channel")
{
    using SharedChannel channel = await SharedChannel.ConnectAsync(args[1]);
    for (ulong i = 0; ; i++)
    {
        channel.Producer.Write(new Numbered { Number = i, Check = ~i });
        if (number != 0 && i + 1 == number)
        {
            return await channel.Consumer.WaitToReadAsync() ? 0 : 3;
        }
    }
}

using SafeFileHandle handle = File.OpenHandle(args[1], FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite);
using HostSharedMemory memory = HostSharedMemory.Open(handle, 0, size);
using SharedRing ring = SharedRing.Open(memory, 0, ringSize);
Work work = new(memory, ringSize);
switch (what)
{
    case "write":
        work.Write(ring.Producer, number);
        return 0;
    case "read":
        work.Read(ring.Consumer);
        return 0;
    case "stream":
        work.Stream(ring.Producer, number);
        return 0;
    default:
        return 2;
}
