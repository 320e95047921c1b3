namespace Nub.Memory.Child;

/// <summary>Calls every subject often enough for the JIT to compile its optimized code, which it lists as its environment asks.</summary>
internal static class Warmup
{
    public static void Run()
    {
        (HostSharedMemory host, GuestSharedMemory guest) = new ExclusiveSharedMemory(4096).Build();
        byte[] large = new byte[4096];
        using (host)
        using (guest)
        {
            host.Write(64, 1UL);
            for (int burst = 0; burst < 8; burst++)
            {
                for (int i = 0; i < 100; i++)
                {
                    CallAll(host, large);
                }

                Thread.Sleep(250);
            }
        }
    }

    private static unsafe void CallAll(HostSharedMemory host, byte[] large)
    {
        Subjects.ReadByte(host, 64);
        Subjects.ReadUInt16(host, 64);
        Subjects.ReadUInt32(host, 64);
        Subjects.ReadUInt64(host, 64);
        Subjects.ReadDouble(host, 64);
        Subjects.ReadSingle(host, 64);
        Subjects.ReadInt16(host, 64);
        Subjects.ReadChar(host, 64);
        Subjects.WriteUInt16(host, 128, 5);
        Subjects.WriteUInt32(host, 128, 5);
        Subjects.WriteUInt64(host, 128, 5);
        Subjects.WriteByte(host, 128, 5);
        Subjects.CheckAndUse(host, 64);
        Subjects.SpinUntilSet(host, 64);
        Subjects.ViewOfMemory(host, 64);
        Subjects.CopyTo(host, large);
        Subjects.CopyFrom(host, large);
        Subjects.Fill(host, 1);
        Subjects.BaseOf(host.Live);
        using (HostLease access = host.Enter())
        {
            Subjects.SpinOnView(in access, 64);
            Subjects.ViewField(in access, 64);
            Subjects.ViewFieldWrite(in access, 128, 7);
            Subjects.ViewFieldBigEndian(in access, 64);
            Subjects.ViewFieldUInt32(in access, 64);
            Subjects.ViewFieldByte(in access, 64);
            Subjects.ViewOfElement(in access, 64, 2);
        }

        ulong* place = stackalloc ulong[2];
        place[0] = 1;
        Subjects.HashOfFetch((byte*)place);
        Subjects.SpinOnFetch((byte*)place);
        Controls.HashInPlace(place);
        Controls.SpinPlain((uint*)place);
        Controls.StructInPlace((byte*)place);
    }
}
